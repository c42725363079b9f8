//! A trait is no test.

use vm_test::on_vm;

#[on_vm]
trait Item {}

fn main() {}
