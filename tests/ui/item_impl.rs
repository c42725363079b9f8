//! An impl block is no test.

use vm_test::on_vm;

struct Item;

#[on_vm]
impl Item {}

fn main() {}
