//! A struct is no test.

use vm_test::on_vm;

#[on_vm]
struct Item;

fn main() {}
