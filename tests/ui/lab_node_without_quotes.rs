//! The guest of a node without quotes.

use vm_test::on_vm;

#[on_vm(lab(gw = router))]
#[test]
fn test() {}

fn main() {}
