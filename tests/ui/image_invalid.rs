//! An image that is a reference to a registry.

use vm_test::on_vm;

#[on_vm(image = "library/debian:12")]
fn test() {}

fn main() {}
