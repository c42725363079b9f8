//! A backend that does not exist.

use vm_test::on_vm;

#[on_vm(backend = "docker")]
fn test() {}

fn main() {}
