//! The path of the runtime in quotes.

use vm_test::on_vm;

#[on_vm(crate = "vm_test")]
fn test() {}

fn main() {}
