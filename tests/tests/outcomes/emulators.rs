//! The death of a machine's emulator, from outside.

use super::kills::{check, kill_one};
use super::processes::emulators_of;
use super::words::ANY;

#[test]
fn a_machine_whose_emulator_is_killed_fails_its_test_even_one_that_should_panic() {
    const DIED: &[&str] = &[
        "error: instance {guest}-… of guest `{guest}` died: QEMU was killed by signal 9",
        ANY,
    ];
    check(DIED, |_, keepers| {
        for emulator in keepers.into_iter().flat_map(emulators_of) {
            kill_one(emulator);
        }
    });
}
