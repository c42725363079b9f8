//! A port at an address that other hosts reach.

use vm_test::on_vm;

#[on_vm(forward = ["8080", "0.0.0.0:8081:8081"])]
fn test() {}

fn main() {}
