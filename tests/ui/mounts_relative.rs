//! A directory to read at a relative path of the guest.

use vm_test::on_vm;

#[on_vm(mounts = [("testdata", "srv")])]
fn test() {}

fn main() {}
