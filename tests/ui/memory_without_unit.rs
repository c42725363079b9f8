//! A size in quotes, but without a unit.

use vm_test::on_vm;

#[on_vm(memory = "512")]
fn test() {}

fn main() {}
