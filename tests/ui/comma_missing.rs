//! Two arguments run together.

use vm_test::on_vm;

#[on_vm("worker-1" cpus = 2)]
fn test() {}

fn main() {}
