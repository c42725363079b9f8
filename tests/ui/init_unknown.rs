//! An init that is almost one.

use vm_test::on_vm;

#[on_vm(init = "systemd")]
fn test() {}

fn main() {}
