//! What is written down of tests that got no instance, and how logs read.

use super::super::scripted_host::request;
use super::*;
use vm_test_protocol::record::LONGEST_RUN;

fn close(request: &LeaseRequest) {
    let failure = Failure::new("cannot start it: why");
    close_unopened(request, SystemTime::now(), None, &failure);
}

#[test]
fn tests_that_got_no_instance_are_lines_of_their_runs_file_and_have_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let request = request(dir.path(), "run-1");
    close(&request);
    close(&request);
    let text = fs::read_to_string(dir.path().join("runs/run-1.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    for (key, value) in [
        ("test", "a::test"),
        ("outcome", "no-instance"),
        ("words", "cannot start it: why"),
        ("instance", ""),
    ] {
        assert_eq!(lines[0][key], value, "{key}");
    }
    assert!(!dir.path().join("runs/run-1").exists());
}

#[test]
fn a_command_is_written_nowhere_and_a_run_whose_name_is_no_files_neither() {
    let dir = tempfile::tempdir().unwrap();
    for run in ["", "../run", "a/b", "a.b", &"a".repeat(LONGEST_RUN + 1)] {
        close(&request(dir.path(), run));
    }
    close(&LeaseRequest {
        entry: None,
        ..request(dir.path(), "run-1")
    });
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    close(&request(dir.path(), &"a".repeat(LONGEST_RUN)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_log_says_why_what_the_console_had_and_what_the_test_wrote() {
    let log = Log {
        console: Some(vec!["one".to_owned(), "two".to_owned()]),
        words: Some("why\n".to_owned()),
        output: Some("output".to_owned()),
        lab: None,
    };
    assert_eq!(
        describe_log(&log),
        "--- why the test failed\nwhy\n--- console\none\ntwo\n--- output of the test\noutput\n"
    );
    assert!(describe_log(&Log::default()).starts_with("--- output of the test not available yet"));
}
