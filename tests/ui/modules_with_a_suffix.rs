//! The file of a module instead of its name.

use vm_test::on_vm;

#[on_vm(modules = ["dummy", "8021q.ko"])]
fn test() {}

fn main() {}
