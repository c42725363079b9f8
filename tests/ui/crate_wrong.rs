//! A path where there is no runtime.

use vm_test::on_vm;

#[on_vm(crate = ::std::vm_test)]
fn test() {}

fn main() {}
