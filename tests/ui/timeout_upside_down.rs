//! The parts of a duration stand from the largest unit to the smallest.

use vm_test::on_vm;

#[on_vm(timeout = "30m 1h")]
fn test() {}

fn main() {}
