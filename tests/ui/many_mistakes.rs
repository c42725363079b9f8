//! All mistakes are reported by one build.

use vm_test::on_vm;

#[on_vm(WORKER, cpus = 0, timout = "60s", memory = "1x")]
fn test() {}

fn main() {}
