//! A method needs a value that no harness has.

use vm_test::on_vm;

struct Item;

impl Item {
    #[on_vm]
    fn test(&self) {}
}

fn main() {}
