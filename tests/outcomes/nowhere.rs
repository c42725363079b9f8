//! Without the program `vm-test` no test on a guest runs, and none may pass, whatever it expects.

use super::words::{fits, plain, rerun};
use super::{LIMIT, fixture};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::patience;
use vm_test_tests::report::Ending::{Failed, Ignored};

const NOWHERE: &str = "/nowhere/vm-test";

const ERROR: &str =
    "error: cannot use `/nowhere/vm-test` as the program vm-test: it is not an executable file";

const HINT: &str = "hint: set VM_TEST_BIN to the program, or unset it";

const ALL: Group<'static> = Group {
    targets: &["twins", "deaths", "hostile", "generated"],
    filters: &["guest::"],
    environment: &[("VM_TEST_BIN", NOWHERE)],
    limit: LIMIT,
};

/// Their sites do not see that a panic is expected.
const UNSEEN: [(&str, &str); 4] = [
    (
        "cases::expected_to_panic::test_case_1_1_expects_panicking_some_one_is_not_two_",
        "expected_to_panic",
    ),
    (
        "cases::expected_to_panic::test_case_2_2_expects_panicking_none",
        "expected_to_panic",
    ),
    ("helped::panicking_in_a_helper", "helper"),
    ("helped::should_panic_in_a_helper_and_does", "helper"),
];

#[test]
fn no_test_on_a_guest_passes_without_the_program() {
    let (fixture, host) = fixture();
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let outcome = ALL.run(&fixture, &host, runner);
        assert!(outcome.tests.len() > 60, "only {} ran", outcome.tests.len());
        for (test, told) in outcome
            .tests
            .iter()
            .filter(|(_, told)| told.ending != Ignored)
        {
            assert_eq!(told.ending, Failed, "{test}: {told:#?}");
            let command = rerun(runner, test);
            let last =
                format!("vm-test: `{test}` did not run: it needs guest `…`; to re-run: {command}");
            let mut expected = vec![ERROR, HINT, &last];
            let text = match runner {
                Runner::CargoTest if test.contains("should_panic_") => {
                    expected.push("note: test did not panic as expected at tests/…");
                    &told.stdout
                }
                Runner::CargoTest => &told.stdout,
                Runner::Nextest => &told.stderr,
            };
            let lines = plain(text);
            assert!(
                fits(&expected, &lines),
                "{test} says\n{lines:#?}\nand not\n{expected:#?}"
            );
        }
    }
}

#[test]
fn a_test_whose_expectation_its_site_cannot_see_ends_its_process_and_says_why() {
    let (fixture, host) = fixture();
    for (test, function) in UNSEEN {
        for runner in [Runner::CargoTest, Runner::Nextest] {
            let group = Group {
                targets: &["generated"],
                filters: &["--exact", test],
                ..ALL
            };
            let mut command = group.command(&fixture, &host, runner);
            let finished = patience::run(&mut command, LIMIT);
            assert_ne!(finished.code, Some(0), "{test} passed");
            let text = finished.stdout.text() + &finished.stderr.text();
            let words = format!("vm-test: `{function}` at tests/generated.rs:");
            let cause = ERROR.trim_start_matches("error: ");
            let reason = format!(
                " ends this test process, because its caller may pass by panicking: {cause}"
            );
            assert!(
                text.lines()
                    .any(|line| line.trim_start().starts_with(&words) && line.ends_with(&reason)),
                "{test} does not say why it ends its process:\n{text}"
            );
        }
    }
}
