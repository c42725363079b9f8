//! A guest without a name.

use vm_test::on_vm;

#[on_vm("")]
fn test() {}

fn main() {}
