//! Names that no node of a lab can have.

use vm_test::on_vm;

#[on_vm(lab(driver = "deb", localhost = "deb"))]
#[test]
fn test() {}

fn main() {}
