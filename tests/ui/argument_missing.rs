//! A comma with nothing before it.

use vm_test::on_vm;

#[on_vm(, cpus = 2)]
fn test() {}

fn main() {}
