//! The function of a set-up does not exist: the compiler says so, at its path.

use vm_test::on_vm;

#[on_vm("worker-1", setup = crate::instal)]
fn starts() {}

fn main() {}
