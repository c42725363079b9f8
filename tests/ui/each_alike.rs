//! Two guests whose tests would have the same name.

use vm_test::on_vm;

#[on_vm(each = ["deb12-lxc", "deb12.lxc"])]
#[test]
fn test() {}

fn main() {}
