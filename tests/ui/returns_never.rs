//! A test that never ends.

use vm_test::on_vm;

#[on_vm]
fn test() -> ! {
    loop {}
}

fn main() {}
