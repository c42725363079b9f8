//! A lab at the site beside one of `vm-test.toml`.

use vm_test::on_vm;

#[on_vm(lab(gw = "router"), lab = "office")]
#[test]
fn test() {}

fn main() {}
