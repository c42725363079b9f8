//! A variable without its quotes.

use vm_test::on_vm;

#[on_vm(env = [HOME])]
fn test() {}

fn main() {}
