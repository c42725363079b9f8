//! A number in quotes.

use vm_test::on_vm;

#[on_vm(cpus = "4")]
fn test() {}

fn main() {}
