//! A guest without a processor.

use vm_test::on_vm;

#[on_vm(cpus = 0)]
fn test() {}

fn main() {}
