//! An error in the body points at the body.

use vm_test::on_vm;

#[on_vm]
fn test() -> Result<(), String> {
    let _port: u16 = "80";
    Ok(())
}

fn main() {}
