//! Tests with a twin that runs on the host: what a user reads about both is the same, line by line.

use super::processes::assert_no_keeper_is_left;
use super::rows::{differs, ensure, report_all, strangers};
use super::words::{plain, take_trailer};
use super::{fixture, limit};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{self, Failed, Ignored, Passed};
use vm_test_tests::report::Told;

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

/// Tests that bypass libtest's capture, which a guest's output does not.
const UNCAPTURED: &[&str] = &[
    "printing_after_a_child_that_is_its_own_binary",
    "printing_what_is_no_text",
];

const REASON: &str = "Error: the test returned ExitCode(unix_exit_status(1))";

pub(crate) fn a_test_ends_on_a_guest_as_it_ends_here_under_cargo_test(place: Place) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_test_ends_on_a_guest_as_it_ends_here_under_nextest(place: Place) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = fixture(place);
    let all = Group {
        targets: &["twins", "generated"],
        filters: &["guest::", "local::"],
        environment: &[],
        limit: limit(place),
    };
    let outcome = all.run(&fixture, &host, runner);
    let known = |name: &str| TWINS.iter().any(|(twin, _)| *twin == name);
    let checked = TWINS
        .iter()
        .map(|&(name, ending)| check_twins(place, &outcome, runner, name, ending));
    report_all(checked.chain([strangers(&outcome, known)]));
    assert_no_keeper_is_left(&host);
}

fn check_twins(
    place: Place,
    outcome: &Outcome,
    runner: Runner,
    name: &str,
    ending: Ending,
) -> Result<(), String> {
    if runner == Runner::Nextest && ending == Ignored {
        let reported = outcome.tests.keys().find(|test| test.ends_with(name));
        return ensure(reported.is_none(), || {
            format!("nextest reports {reported:?}")
        });
    }
    let told = |module: &str| {
        let test = format!("{module}::{name}");
        let told = outcome.tests.get(&test);
        told.ok_or_else(|| format!("{test} did not run"))
    };
    let (guest, local) = (told("guest")?, told("local")?);
    ensure((guest.ending, local.ending) == (ending, ending), || {
        format!("{name} has not {ending:?}: {guest:#?} {local:#?}")
    })?;
    ensure(!guest.word.contains("LEAK"), || {
        format!("{name} leaves its output held open")
    })?;
    let texts = |told: &Told| {
        [&told.stdout, &told.stderr].map(|text| plain(&text.replace("guest::", "local::")))
    };
    let (mut there, here) = (texts(guest), texts(local));
    let reported = &mut there[usize::from(runner == Runner::Nextest)];
    if ending == Failed {
        take_trailer(place, reported, runner, &format!("local::{name}"))?;
    } else {
        // Shown only on demand. Only libtest knows that a panic was expected.
        reported.retain(|line| !line.starts_with("vm-test: in guest"));
    }
    if name == "returning_failure" {
        // Here libtest gives its user no reason.
        let reason = reported.pop();
        ensure(reason.as_deref() == Some(REASON), || {
            format!("{name} has the reason {reason:?}")
        })?;
    }
    let is_captured = runner == Runner::Nextest || !UNCAPTURED.contains(&name);
    ensure(!is_captured || there == here, || {
        let here: Vec<_> = here.iter().flatten().map(String::as_str).collect();
        differs(name, &here, &there.concat())
    })
}
