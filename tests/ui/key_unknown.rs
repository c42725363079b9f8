//! A key that is almost one.

use vm_test::on_vm;

#[on_vm("worker-1", timout = "60s")]
fn test() {}

fn main() {}
