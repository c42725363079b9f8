//! One guest where a list belongs.

use vm_test::on_vm;

#[on_vm(each = "worker-1")]
#[test]
fn test() {}

fn main() {}
