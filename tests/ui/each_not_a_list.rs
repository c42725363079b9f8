//! A number where a list or a group belongs.

use vm_test::on_vm;

#[on_vm(each = 1)]
#[test]
fn test() {}

fn main() {}
