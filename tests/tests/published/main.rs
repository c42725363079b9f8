//! Published crates whose own tests need root. Each runs unchanged under `vm-test runner`, and with
//! the attribute above each test, in containers and on VMs: every test must end as it does for root
//! in a shell of the same guest, and those that are known to pass must pass.

mod as_root_in_full;
mod attribute;
mod crate_under_test;
mod in_full;
mod node;
mod rows;

use rows::{CAPS, Guest, NONE};

#[test]
fn caps_in_a_container() {
    CAPS.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn caps_on_a_vm() {
    CAPS.ends_alike_on(Guest::Machine, NONE);
}
