//! An unsafe function.

use vm_test::on_vm;

#[on_vm]
unsafe fn test() {}

fn main() {}
