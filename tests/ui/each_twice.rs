//! Two lists.

use vm_test::on_vm;

#[on_vm(each = ["worker-1"], each = ["worker-2"])]
#[test]
fn test() {}

fn main() {}
