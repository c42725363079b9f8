//! The body sees no name that the attribute has made.

use vm_test::on_vm;

#[on_vm]
fn test() {
    let _ = (SITE, site, body);
}

fn main() {}
