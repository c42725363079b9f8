//! A guest of the list with a name that no guest can have.

use vm_test::on_vm;

#[on_vm(each = ["worker-1", "worker 2"])]
#[test]
fn test() {}

fn main() {}
