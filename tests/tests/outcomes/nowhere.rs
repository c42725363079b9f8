//! Without the program `vm-test`, or where only the variables say that this is a guest, no test on
//! a guest runs; and none may pass, whatever it expects.

use super::rows::differs;
use super::words::{fits, line_fits, plain, rerun};
use super::{fixture, limit};
use std::process::Command;
use vm_test_tests::fixture::{Runner, text_of};
use vm_test_tests::group::Group;
use vm_test_tests::patience;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Ignored};

/// What never reaches a guest is the same wherever it would run.
const PLACE: Place = Place::Container;

const NOWHERE: &str = "/nowhere/vm-test";

const ERROR: &str =
    "error: cannot use `/nowhere/vm-test` as the program vm-test: it is not an executable file";

const HINT: &str = "hint: set VM_TEST_BIN to the program, or unset it";

const ALL: Group<'static> = Group {
    targets: &["twins", "deaths", "hostile", "generated"],
    filters: &["guest::", "in_sight::"],
    environment: &[("VM_TEST_BIN", NOWHERE)],
    limit: limit(PLACE),
};

/// Sites that do not see that a panic is expected.
const OUT_OF_SIGHT: [(&str, &str); 4] = [
    ("cases::out_of_sight::test_case_1_of_one", "out_of_sight"),
    ("cases::out_of_sight::test_case_2_of_two", "out_of_sight"),
    ("helped::panicking_in_a_helper", "helper"),
    ("helped::should_panic_in_a_helper_and_does", "helper"),
];

#[test]
fn no_test_on_a_guest_passes_without_the_program() {
    let (fixture, host) = fixture(PLACE);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let outcome = ALL.run(&fixture, &host, runner);
        assert!(outcome.tests.len() > 60, "only {} ran", outcome.tests.len());
        for (test, told) in outcome
            .tests
            .iter()
            .filter(|(_, told)| told.ending != Ignored)
        {
            assert_eq!(told.ending, Failed, "{test}: {told:#?}");
            let command = rerun(PLACE, runner, test);
            let last =
                format!("vm-test: `{test}` did not run: it needs guest `…`; to re-run: {command}");
            let (text, note) = match runner {
                Runner::CargoTest => (&told.stdout, "note: test did not panic as expected at …"),
                Runner::Nextest => (&told.stderr, ""),
            };
            let mut lines = plain(text);
            if lines.last().is_some_and(|line| line_fits(note, line)) {
                lines.pop();
            }
            let expected = [ERROR, HINT, &last];
            assert!(
                fits(PLACE, &expected, &lines),
                "{}",
                differs(test, &expected, &lines)
            );
        }
    }
}

#[test]
fn a_test_whose_expectation_its_site_cannot_see_ends_its_process_and_says_why() {
    let (fixture, host) = fixture(PLACE);
    for (test, function) in OUT_OF_SIGHT {
        for runner in [Runner::CargoTest, Runner::Nextest] {
            let group = Group {
                targets: &["generated"],
                filters: &["--exact", test],
                ..ALL
            };
            let mut command = group.command(&fixture, &host, runner);
            let finished = patience::run(&mut command, limit(PLACE));
            assert_ne!(finished.code, Some(0), "{test} passed");
            let text = finished.stdout.text() + &finished.stderr.text();
            let words = format!("vm-test: `{function}` at tests/generated.rs:");
            let cause = ERROR.trim_start_matches("error: ");
            let reason = format!(
                " ends this test process, because its caller may treat a panic as a pass: {cause}"
            );
            assert!(
                text.lines()
                    .any(|line| line.trim_start().starts_with(&words) && line.ends_with(&reason)),
                "{test} does not say why it ends its process:\n{text}"
            );
        }
    }
}

/// The result of each test that would run without its guest: a body that passes, one that panics,
/// and one that should panic.
const TAKEN_FOR_A_GUEST: [&str; 3] = [
    "guest::printing_and_passing",
    "guest::printing_and_panicking",
    "guest::should_panic_and_does",
];

#[test]
fn a_body_does_not_run_here_whatever_the_variables_of_a_guest_say() {
    let (fixture, host) = fixture(PLACE);
    let binary = fixture.binary(&host, "twins");
    for test in TAKEN_FOR_A_GUEST {
        let mut command = Command::new(&binary);
        let output = host
            .adopt(&mut command)
            .args(["--exact", "--nocapture", test])
            .env("VM_TEST_JOB", "7")
            .env("VM_TEST_TEST", test)
            .current_dir(fixture.directory())
            .output()
            .expect("the test binary starts");
        assert_eq!(output.status.code(), Some(101), "{}", text_of(&output));
        let words = format!(
            "error: cannot run the body of `{test}`: VM_TEST_JOB says that this is a guest, and no agent listens here\n\
             hint: unset VM_TEST_JOB and VM_TEST_TEST; …"
        );
        let expected: Vec<_> = words.lines().collect();
        let lines = plain(&String::from_utf8_lossy(&output.stderr));
        assert!(
            fits(PLACE, &expected, &lines),
            "{}",
            differs(test, &expected, &lines)
        );
        let written = String::from_utf8_lossy(&output.stdout);
        assert!(!written.contains("on stdout"), "the body of {test} ran");
    }
    assert!(!host.runtime().exists(), "a daemon was started");
}
