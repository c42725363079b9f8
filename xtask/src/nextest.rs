//! Runs nextest and counts: what it lists before the run, against the JUnit report that it writes
//! at its end. A test that was to run and is not in the report counts as failed, so that a run that
//! is killed can never look like a pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command;
use crate::tally::Tally;

/// The profile of `.config/nextest.toml` with which nextest writes a report.
pub(crate) const PROFILE: &str = "xtask";

/// The path of the report, below the workspace's root.
///
/// nextest decides that; it does not ask cargo for the target directory.
pub(crate) const REPORT: &str = "target/nextest/xtask/junit.xml";

/// What a report contains about a test that has passed: only its output.
const OF_A_PASS: &[&str] = &["properties", "system-out", "system-err"];

/// The name of a test's binary, and the name of the test.
type Name = (String, String);

/// Lists with `list`, runs with `run`, and counts by the file `report`.
pub(crate) fn run(list: &mut Command, run: &mut Command, report: &Path) -> Result<Tally> {
    let listed = listed(&command::capture(list)?)?;
    if listed.is_empty() {
        println!("no test is chosen by `{}`", command::line(run));
        return Ok(Tally::default());
    }
    match fs::remove_file(report) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", report.display()));
        }
        _ => {}
    }
    command::echo(run);
    // nextest writes to standard error what belongs between this program's own lines.
    let output = io::stdout().as_fd().try_clone_to_owned();
    let output = output.context("cannot hand on the standard output")?;
    let second = output.try_clone();
    run.stdin(Stdio::null())
        .stdout(output)
        .stderr(second.context("cannot hand on the standard output")?);
    let status = run.status().with_context(|| command::cannot_start(run))?;
    let results = match fs::read_to_string(report) {
        Ok(text) => results(&text).with_context(|| format!("cannot read {}", report.display()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", report.display()));
        }
    };
    let missing: Vec<_> = listed
        .iter()
        .filter(|name| !results.contains_key(name))
        .collect();
    if let Some((binary, test)) = missing.first() {
        println!(
            "`{}` ended with {status}; tests without a result: {}, the first of them {binary} {test}",
            command::line(run),
            missing.len()
        );
    }
    Ok(count(&results, &missing, status, || command::line(run)))
}

fn count(
    results: &BTreeMap<Name, bool>,
    missing: &[&Name],
    status: ExitStatus,
    line: impl Fn() -> String,
) -> Tally {
    let failed = results.iter().filter(|(_, passed)| !**passed);
    let mut failures: Vec<_> = failed
        .map(|((binary, test), _)| format!("{binary} {test}"))
        .collect();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let passed = number(results.len() - failures.len());
    let missing = missing.iter();
    failures.extend(missing.map(|(binary, test)| format!("{binary} {test} (no result)")));
    let mut tally = Tally {
        passed,
        failed: number(failures.len()),
        ignored: 0,
        failures,
    };
    if !status.success() && tally.failed == 0 {
        let what = format!("`{}` ended with {status} without a failed test", line());
        println!("{what}");
        tally += Tally::failure(what);
    }
    tally
}

/// Returns the tests that will run, according to nextest's list.
fn listed(text: &str) -> Result<BTreeSet<Name>> {
    let list: Value = serde_json::from_str(text).context("cannot read nextest's list")?;
    let suites = list["rust-suites"].as_object();
    let suites = suites.context("cannot read nextest's list: it has no suites")?;
    let tests = suites.iter().flat_map(|(binary, suite)| {
        let tests = suite["testcases"].as_object().into_iter().flatten();
        tests.map(move |(test, about)| ((binary.clone(), test.clone()), about))
    });
    Ok(tests
        .filter(|(_, about)| about["filter-match"]["status"] == "matches")
        .map(|(name, _)| name)
        .collect())
}

/// Returns for each test of a report whether it passed.
fn results(text: &str) -> Result<BTreeMap<Name, bool>> {
    let document = roxmltree::Document::parse(text).context("it is not XML")?;
    let mut results = BTreeMap::new();
    for case in document
        .descendants()
        .filter(|it| it.has_tag_name("testcase"))
    {
        let suite = case.parent().and_then(|suite| suite.attribute("name"));
        let suite = suite.context("a test has no suite")?;
        let test = case.attribute("name").context("a test has no name")?;
        let mut parts = case.children().filter(roxmltree::Node::is_element);
        let passed = parts.all(|part| OF_A_PASS.contains(&part.tag_name().name()));
        let result = results.entry((suite.to_owned(), test.to_owned()));
        *result.or_insert(true) &= passed;
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `cargo nextest list --message-format json` prints, as far as it is read.
    const LIST: &str = r#"{"test-count": 4, "rust-suites": {
        "one::tests": {"binary-name": "tests", "testcases": {
            "a": {"ignored": false, "filter-match": {"status": "matches"}},
            "m::b": {"ignored": false, "filter-match": {"status": "matches"}},
            "left_out": {"ignored": false, "filter-match": {"status": "mismatch", "reason": "expression"}}}},
        "two": {"testcases": {"c": {"ignored": false, "filter-match": {"status": "matches"}}}}}}"#;

    const PASSED: &str = "<testcase name=\"a\" classname=\"one::tests\" time=\"0.01\"/>\
        <testcase name=\"m::b\" classname=\"one::tests\"><system-out>failure</system-out></testcase>";
    const FAILED: &str = "<testcase name=\"c\" classname=\"two\"><failure type=\"test failure\">\
        &lt;testcase name=&quot;d&quot;/&gt;</failure></testcase>";
    const PASSED_TOO: &str = "<testcase name=\"c\" classname=\"two\"/>";

    fn report(one: &str, two: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"nextest-run\" tests=\"9\">\
             <testsuite name=\"one::tests\">{one}</testsuite>\
             <testsuite name=\"two\">{two}</testsuite></testsuites>\n"
        )
    }

    /// Returns what is counted when the run does this, after an earlier run that left `REPORT`
    /// behind.
    fn counted(list: &str, script: &str, written: &str) -> Result<Tally> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("junit.xml");
        fs::write(&path, report(PASSED, PASSED_TOO)).unwrap();
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]).current_dir(directory.path());
            shell.env("WRITTEN", written);
            shell
        };
        run(&mut shell(list), &mut shell(script), &path)
    }

    fn printed(list: &str) -> String {
        format!("cat <<'END'\n{list}\nEND")
    }

    const WRITE: &str = "printf %s \"$WRITTEN\" >junit.xml";

    #[test]
    fn passed_and_failed_tests_are_those_of_the_report() {
        let list = printed(LIST);
        let all = counted(&list, WRITE, &report(PASSED, PASSED_TOO)).unwrap();
        assert_eq!((all.passed, all.failed), (3, 0));
        let script = format!("{WRITE}; exit 100");
        let one = counted(&list, &script, &report(PASSED, FAILED)).unwrap();
        assert_eq!((one.passed, one.failed), (2, 1));
        assert_eq!(one.failures, ["two c"]);
    }

    #[test]
    fn of_a_run_that_is_killed_every_test_without_a_result_has_failed() {
        let list = printed(LIST);
        let nothing = counted(&list, "kill -9 $$", "").unwrap();
        assert_eq!((nothing.passed, nothing.failed), (0, 3));
        let script = format!("{WRITE}; kill -15 $$");
        let two = counted(&list, &script, &report(PASSED, "")).unwrap();
        assert_eq!((two.passed, two.failed), (2, 1));
        assert_eq!(two.failures, ["two c (no result)"]);
        // Whatever the runner itself reports.
        let quiet = counted(&list, "true", "").unwrap();
        assert_eq!((quiet.passed, quiet.failed), (0, 3));
    }

    #[test]
    fn a_binary_that_cannot_list_its_tests_is_an_error_with_the_runners_words() {
        let script = "echo 'error: creating test list failed' >&2; exit 104";
        let error = counted(script, WRITE, &report(PASSED, PASSED_TOO)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("creating test list failed") && text.contains("104"),
            "{text}"
        );
    }

    #[test]
    fn a_runner_that_ends_badly_without_a_failed_test_is_a_failure() {
        let script = format!("{WRITE}; exit 3");
        let tally = counted(&printed(LIST), &script, &report(PASSED, PASSED_TOO)).unwrap();
        assert_eq!((tally.passed, tally.failed), (3, 1));
    }

    #[test]
    fn a_report_that_is_cut_off_is_an_error() {
        let text = report(PASSED, PASSED_TOO);
        let error = counted(&printed(LIST), WRITE, &text[..text.len() / 2]).unwrap_err();
        assert!(format!("{error:#}").contains("it is not XML"), "{error:#}");
    }

    #[test]
    fn what_is_no_plain_pass_has_failed() {
        for mark in ["error", "flakyFailure", "skipped", "unheard-of"] {
            let case = format!("<testcase name=\"c\"><{mark}/></testcase>");
            let results = results(&report("", &case)).unwrap();
            assert_eq!(results.values().collect::<Vec<_>>(), [&false], "{mark}");
        }
    }

    #[test]
    fn where_no_test_is_chosen_nothing_runs() {
        let list = printed(r#"{"rust-suites": {}}"#);
        assert_eq!(counted(&list, "exit 4", "").unwrap(), Tally::default());
    }
}
