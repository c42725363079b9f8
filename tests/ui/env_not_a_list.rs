//! One variable instead of a list.

use vm_test::on_vm;

#[on_vm(env = "DATABASE_URL")]
fn test() {}

fn main() {}
