//! A size that is a number.

use vm_test::on_vm;

#[on_vm(memory = 512)]
fn test() {}

fn main() {}
