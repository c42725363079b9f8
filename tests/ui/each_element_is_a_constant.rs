//! A guest of the list named by a constant.

use vm_test::on_vm;

const NAME: &str = "worker-1";

#[on_vm(each = [NAME, "worker-2"])]
#[test]
fn test() {
    let _ = NAME;
}

fn main() {}
