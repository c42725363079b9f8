#![deny(dead_code)]

use vm_test::on_vm;

#[on_vm]
fn without_a_test_attribute() {}

#[on_vm("worker-1")]
async fn asynchronous() -> Result<(), String> {
    Ok(())
}

mod inner {
    #[vm_test::on_vm]
    pub fn in_a_module() {}

    #[cfg_attr(all(), vm_test::on_vm)]
    fn by_cfg_attr() {}
}

#[on_vm]
fn helper() {}

fn main() {
    helper();
}
