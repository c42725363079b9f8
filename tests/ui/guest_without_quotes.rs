//! A guest without its quotes is a subtraction.

use vm_test::on_vm;

#[on_vm(worker-1)]
fn test() {}

fn main() {}
