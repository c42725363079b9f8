//! Files as a list of paths, without where they go.

use vm_test::on_vm;

#[on_vm(files = ["testdata"])]
fn test() {}

fn main() {}
