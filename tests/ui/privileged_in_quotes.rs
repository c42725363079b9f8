//! A flag in quotes.

use vm_test::on_vm;

#[on_vm(privileged = "true")]
fn test() {}

fn main() {}
