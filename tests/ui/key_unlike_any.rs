//! A key that is like none.

use vm_test::on_vm;

#[on_vm("worker-1", firmware = "6.1")]
fn test() {}

fn main() {}
