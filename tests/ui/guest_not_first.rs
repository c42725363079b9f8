//! A guest after a key.

use vm_test::on_vm;

#[on_vm(cpus = 2, "worker-1")]
fn test() {}

fn main() {}
