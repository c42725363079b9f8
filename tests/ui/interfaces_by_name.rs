//! Interfaces by their names instead of their number.

use vm_test::on_vm;

#[on_vm(interfaces = ["eth0", "eth1"])]
fn test() {}

fn main() {}
