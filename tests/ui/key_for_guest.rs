//! The guest given with a key.

use vm_test::on_vm;

#[on_vm(guest = "worker-1")]
fn test() {}

fn main() {}
