//! Bodies that reboot their VM, power it off, crash its kernel, or use up its resources.

use super::processes::assert_no_keeper_is_left;
use super::rows::{Row, compare, fails, passes};
use super::words::ANY;
use super::{fixture, limit};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Failed;

const TABLE: &[Row] = &[
    fails(
        "rebooting",
        &["goodbye"],
        &[
            "error: instance {guest}-… of guest `{guest}` died: the VM was rebooted",
            ANY,
        ],
    ),
    fails(
        "should_panic_and_switches_off",
        &["goodbye"],
        &[
            "error: instance {guest}-… of guest `{guest}` died: the VM was powered off",
            ANY,
        ],
    ),
    fails(
        "should_panic_and_has_its_kernel_panic",
        &["goodbye"],
        &[
            "error: instance {guest}-… of guest `{guest}` died: guest kernel panicked: sysrq triggered crash",
            "the last lines of its console:",
            ANY,
        ],
    ),
    // QEMU would stay, since the kernel was told not to reboot.
    fails(
        "should_panic_and_has_its_kernel_panic_and_stay",
        &["goodbye"],
        &[
            "error: instance {guest}-… of guest `{guest}` died: guest kernel panicked: sysrq triggered crash",
            "the last lines of its console:",
            ANY,
        ],
    ),
    fails(
        "should_panic_and_halts",
        &["goodbye"],
        &[
            "error: instance {guest}-… of guest `{guest}` died: the VM was halted",
            ANY,
        ],
    ),
    fails(
        "forking_without_end",
        &["the bomb is lit"],
        // The agent reports that the time is up; or the test process reports that the agent does
        // not, as in a container.
        &["error: the …", ANY, "hint: …"],
    ),
    passes(
        "having_only_so_many_threads",
        &["no more: Resource temporarily unavailable (os error 11)"],
        &[],
    ),
    fails(
        "filling_a_file_system_in_memory",
        &[],
        &[
            ANY,
            "error: the guest ran out of memory (128 MiB, … MiB of it files) and the test process was killed",
            "hint: give it more, as in #[on_vm(\"{guest}\", memory = \"256M\")]",
        ],
    ),
    passes(
        "ending_whatever_ends_without_a_trace_of_the_agent",
        &["the agent lives"],
        &[],
    ),
];

pub(crate) fn a_machine_that_ends_or_is_used_up_fails_its_test_with_the_cause_under_cargo_test(
    place: Place,
) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_machine_that_ends_or_is_used_up_fails_its_test_with_the_cause_under_nextest(
    place: Place,
) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = fixture(place);
    let all = Group {
        targets: &["machine"],
        filters: &["guest::"],
        environment: &[],
        limit: limit(place),
    };
    let outcome = all.run(&fixture, &host, runner);
    compare(place, TABLE, &outcome, runner, |row| row.ending == Failed);
    assert_no_keeper_is_left(&host);
}
