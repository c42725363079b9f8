//! A pattern that leads out of the workspace.

use vm_test::on_vm;

#[on_vm("worker-1", export = ["**/*.snap.new", "../secrets"])]
fn test() {}

fn main() {}
