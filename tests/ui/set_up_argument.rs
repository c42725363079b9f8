//! The function of a set-up takes an argument.

use vm_test::on_vm;

fn install(_package: &str) {}

#[on_vm("worker-1", setup = install)]
fn starts() {}

fn main() {}
