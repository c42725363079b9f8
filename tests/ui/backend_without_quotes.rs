//! A word without its quotes.

use vm_test::on_vm;

#[on_vm(backend = kvm)]
fn test() {}

fn main() {}
