//! A body that forgets its value.

use vm_test::on_vm;

#[on_vm]
fn test() -> Result<(), String> {
    println!();
}

fn main() {}
