//! A list of guests on a function that is no test.

use vm_test::on_vm;

#[on_vm(each = ["worker-1", "worker-2"])]
#[ignore]
fn test() {}

fn main() {}
