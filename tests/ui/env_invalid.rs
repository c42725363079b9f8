//! A variable with its value.

use vm_test::on_vm;

#[on_vm(env = ["PATH", "A=1"])]
fn test() {}

fn main() {}
