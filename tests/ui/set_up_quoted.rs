//! The function of a set-up is in quotes.

use vm_test::on_vm;

#[on_vm("worker-1", setup = "crate::install")]
fn starts() {}

fn main() {}
