//! Less memory than a kernel needs.

use vm_test::on_vm;

#[on_vm(memory = "1M")]
fn test() {}

fn main() {}
