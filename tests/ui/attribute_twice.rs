//! Two attributes, of which one would run the other's guest inside its own.

use vm_test::on_vm;

#[on_vm("worker-1")]
#[on_vm("worker-2")]
fn test() {}

fn main() {}
