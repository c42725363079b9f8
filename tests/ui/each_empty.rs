//! A test on each of no guests.

use vm_test::on_vm;

#[on_vm(each = [])]
#[test]
fn test() {}

fn main() {}
