//! No time at all.

use vm_test::on_vm;

#[on_vm(timeout = "0s")]
fn test() {}

fn main() {}
