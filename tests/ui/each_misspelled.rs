//! The key of the list as many would call it.

use vm_test::on_vm;

#[on_vm(guests = ["worker-1", "worker-2"])]
#[test]
fn test() {}

fn main() {}
