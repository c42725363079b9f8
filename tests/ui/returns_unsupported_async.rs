//! A value that cannot be brought back, of an async test.

use vm_test::on_vm;

#[on_vm]
async fn test() -> Vec<u8> {
    vec![7]
}

fn main() {}
