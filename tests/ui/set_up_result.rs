//! The function of a set-up returns what no test may return, as a future.

use vm_test::on_vm;

async fn install() {}

#[on_vm("worker-1", setup = install)]
fn starts() {}

fn main() {}
