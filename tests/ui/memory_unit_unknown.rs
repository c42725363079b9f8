//! A fraction of a unit.

use vm_test::on_vm;

#[on_vm(memory = "1.5G")]
fn test() {}

fn main() {}
