//! A guest that would leave its directory.

use vm_test::on_vm;

#[on_vm("../worker")]
fn test() {}

fn main() {}
