//! A list after a guest.

use vm_test::on_vm;

#[on_vm("worker-1", each = ["worker-2"])]
#[test]
fn test() {}

fn main() {}
