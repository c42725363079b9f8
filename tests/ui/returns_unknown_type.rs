//! A type that does not exist.

use vm_test::on_vm;

#[on_vm]
fn test() -> NoSuchType {
    loop {}
}

fn main() {}
