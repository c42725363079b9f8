//! A key alone.

use vm_test::on_vm;

#[on_vm("worker-1", privileged)]
fn test() {}

fn main() {}
