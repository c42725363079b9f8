//! A negative number.

use vm_test::on_vm;

#[on_vm(cpus = -1)]
fn test() {}

fn main() {}
