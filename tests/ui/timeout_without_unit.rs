//! A duration that is a number.

use vm_test::on_vm;

#[on_vm(timeout = 60)]
fn test() {}

fn main() {}
