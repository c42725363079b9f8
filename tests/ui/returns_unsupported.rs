//! A value that cannot be brought back.

use vm_test::on_vm;

#[on_vm]
fn test() -> u8 {
    7
}

fn main() {}
