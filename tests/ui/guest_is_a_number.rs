//! A guest that is a number.

use vm_test::on_vm;

#[on_vm(1)]
fn test() {}

fn main() {}
