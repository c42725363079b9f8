//! Tests with a twin that runs here: what a user reads of both is the same, line by line.

use super::processes::assert_no_keeper_is_left;
use super::words::{plain, take_trailer};
use super::{LIMIT, fixture};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::report::Ending::{self, Failed, Ignored, Passed};

const TWINS: &[(&str, Ending)] = &[
    ("awaiting_and_panicking", Failed),
    ("awaiting_and_panicking_as_it_should", Passed),
    ("awaiting_and_passing", Passed),
    ("catching_its_panic", Passed),
    ("catching_its_panic_and_panicking_again", Failed),
    ("comparing_what_differs", Failed),
    ("finding_its_input_empty", Passed),
    ("ignored_and_failing", Ignored),
    ("ignored_and_passing", Ignored),
    ("panicking_at_length", Failed),
    ("panicking_in_a_detached_thread", Passed),
    ("panicking_in_a_joined_thread", Failed),
    ("panicking_in_a_task", Failed),
    ("panicking_over_many_lines", Failed),
    ("panicking_with_a_literal", Failed),
    ("panicking_with_a_number", Failed),
    ("panicking_with_a_string", Failed),
    ("printing_after_a_child_that_is_its_own_binary", Failed),
    ("printing_and_panicking", Failed),
    ("printing_and_passing", Passed),
    ("printing_what_is_no_text", Passed),
    ("resuming_a_caught_panic", Failed),
    ("returning", Passed),
    ("returning_an_error", Failed),
    ("returning_an_error_by_question_mark", Failed),
    ("returning_failure", Failed),
    ("returning_ok", Passed),
    ("returning_success", Passed),
    ("should_panic_and_does", Passed),
    ("should_panic_and_does_not", Failed),
    ("should_panic_and_does_with_a_number", Passed),
    ("should_panic_with_other_words", Failed),
    ("should_panic_with_these_words", Passed),
    ("should_panic_with_words_and_does_with_a_number", Failed),
    ("starting_its_own_binary_anew", Passed),
];

/// They write past libtest's capture, which a guest's output does not.
const UNCAPTURED: &[&str] = &[
    "printing_after_a_child_that_is_its_own_binary",
    "printing_what_is_no_text",
];

const ALL: Group<'static> = Group {
    targets: &["twins", "generated"],
    filters: &["guest::", "local::"],
    environment: &[],
    limit: LIMIT,
};

#[test]
fn a_test_ends_on_a_guest_as_it_ends_here_under_cargo_test() {
    check(Runner::CargoTest);
}

#[test]
fn a_test_ends_on_a_guest_as_it_ends_here_under_nextest() {
    check(Runner::Nextest);
}

fn check(runner: Runner) {
    let (fixture, host) = fixture();
    let outcome = ALL.run(&fixture, &host, runner);
    let mut wrong = Vec::new();
    for &(name, ending) in TWINS {
        let check = || check_twins(&outcome, runner, name, ending);
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)) {
            wrong.extend(panic.downcast_ref::<String>().cloned());
        }
    }
    for name in outcome.tests.keys() {
        let (_, plain_name) = name.split_once("::").expect("all are in modules");
        if TWINS.iter().all(|(known, _)| *known != plain_name) {
            wrong.push(format!("{name} has no row"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert_no_keeper_is_left(&host);
}

fn check_twins(outcome: &Outcome, runner: Runner, name: &str, ending: Ending) {
    let names = ["guest", "local"].map(|module| format!("{module}::{name}"));
    if runner == Runner::Nextest && ending == Ignored {
        for name in &names {
            assert!(!outcome.tests.contains_key(name), "nextest reports {name}");
        }
        return;
    }
    let [guest, local] = names.each_ref().map(|name| {
        let told = outcome.tests.get(name);
        told.unwrap_or_else(|| panic!("{name} did not run:\n{}", outcome.text()))
    });
    assert_eq!(
        (guest.ending, local.ending),
        (ending, ending),
        "{name}: {guest:#?} {local:#?}"
    );
    assert!(
        !guest.word.contains("LEAK"),
        "{name} leaves its output held open"
    );
    let texts = |told: &vm_test_tests::report::Told| {
        [&told.stdout, &told.stderr].map(|text| plain(&text.replace("guest::", "local::")))
    };
    let mut there = texts(guest);
    let here = texts(local);
    let reported = &mut there[usize::from(runner == Runner::Nextest)];
    if ending == Failed && name != "should_panic_and_does_not" {
        take_trailer(reported, runner, &names[1].replace("guest", "local"));
    } else {
        // libtest shows it on demand; that the panic was expected is known to libtest alone.
        reported.retain(|line| !line.starts_with("vm-test: in guest"));
    }
    if name == "returning_failure" {
        let reason = "Error: the test returned ExitCode(unix_exit_status(1))";
        assert_eq!(reported.pop().as_deref(), Some(reason));
    }
    if runner == Runner::CargoTest && UNCAPTURED.contains(&name) {
        return;
    }
    assert_eq!(
        there, here,
        "{name}: what a user reads of the guest (left) is not what it is here (right)"
    );
}
