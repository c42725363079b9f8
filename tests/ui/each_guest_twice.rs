//! A guest twice in the list.

use vm_test::on_vm;

#[on_vm(each = ["worker-1", "worker-1"])]
#[test]
fn test() {}

fn main() {}
