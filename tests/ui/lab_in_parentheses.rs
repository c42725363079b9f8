//! The name of a lab as if it were declared at the site.

use vm_test::on_vm;

#[on_vm(lab("office"))]
#[test]
fn test() {}

fn main() {}
