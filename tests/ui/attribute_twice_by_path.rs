//! The second attribute is spelled out.

use vm_test::on_vm;

#[on_vm]
#[vm_test::on_vm]
fn test() {}

fn main() {}
