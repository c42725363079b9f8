//! A lab at the site without nodes.

use vm_test::on_vm;

#[on_vm(lab())]
#[test]
fn test() {}

fn main() {}
