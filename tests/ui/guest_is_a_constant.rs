//! A guest named by a constant.

use vm_test::on_vm;

const NAME: &str = "worker-1";

#[on_vm(NAME)]
fn test() {
    let _ = NAME;
}

fn main() {}
