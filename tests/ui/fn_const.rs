//! A const function.

use vm_test::on_vm;

#[on_vm]
const fn test() {}

fn main() {}
