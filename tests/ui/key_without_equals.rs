//! A key with the punctuation of a struct.

use vm_test::on_vm;

#[on_vm(memory: "1G")]
fn test() {}

fn main() {}
