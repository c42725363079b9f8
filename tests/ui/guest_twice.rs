//! Two guests for one test.

use vm_test::on_vm;

#[on_vm("worker-1", "worker-2")]
fn test() {}

fn main() {}
