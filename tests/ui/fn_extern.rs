//! A function with a foreign ABI.

use vm_test::on_vm;

#[on_vm]
extern "C" fn test() {}

fn main() {}
