//! A guest named by a macro.

use vm_test::on_vm;

#[on_vm(concat!("worker-", 1))]
fn test() {}

fn main() {}
