//! One key with two values.

use vm_test::on_vm;

#[on_vm(cpus = 1, memory = "1G", cpus = 2)]
fn test() {}

fn main() {}
