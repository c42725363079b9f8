//! A function without a body.

use vm_test::on_vm;

trait Item {
    #[on_vm]
    fn test();
}

fn main() {}
