//! A network that does not exist.

use vm_test::on_vm;

#[on_vm(network = "host")]
fn test() {}

fn main() {}
