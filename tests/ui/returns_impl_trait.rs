//! A type that only the body knows.

use vm_test::on_vm;

#[on_vm]
fn test() -> Result<(), impl std::fmt::Debug> {
    Err(1)
}

fn main() {}
