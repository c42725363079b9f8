//! A device that no guest is given.

use vm_test::on_vm;

#[on_vm(devices = ["loop", "/dev/sda"])]
fn test() {}

fn main() {}
