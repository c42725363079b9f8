//! A node twice in a lab at the site.

use vm_test::on_vm;

#[on_vm(lab(gw = "router", gw = "deb"))]
#[test]
fn test() {}

fn main() {}
