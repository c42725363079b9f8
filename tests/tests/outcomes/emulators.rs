//! A VM's emulator that is killed from outside.

use super::kills::{check, kill_one};
use super::processes::emulators_of;
use super::words::ANY;
use vm_test_tests::place::Place;

pub(crate) fn a_machine_whose_emulator_is_killed_fails_its_test_even_one_that_should_panic(
    place: Place,
) {
    const DIED: &[&str] = &[
        "error: instance {guest}-… of guest `{guest}` died: QEMU was killed by signal 9",
        ANY,
    ];
    check(place, DIED, |_, keepers| {
        for emulator in keepers.into_iter().flat_map(emulators_of) {
            kill_one(emulator);
        }
    });
}
