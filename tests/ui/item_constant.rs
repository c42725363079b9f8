//! A constant is no test.

use vm_test::on_vm;

#[on_vm]
const ITEM: u8 = 1;

fn main() {}
