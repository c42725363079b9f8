//! What is recorded about tests that do not pass, and about test processes that are ended from
//! outside.

use crate::{BACKENDS, LIMIT, fixture, lines, micros, report, run_of_nextest};
use std::time::{Duration, Instant};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::process::{await_that, instances};

#[test]
fn every_ending_has_its_line() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        let names = [
            "leaves_things_to_nobody",
            "passes",
            "panics_as_it_should",
            "returns_an_error",
            "stalls_for_nobody",
        ];
        let filters = names.map(|name| format!("{backend}::{name}"));
        let filters: Vec<_> = filters.iter().map(String::as_str).collect();
        let group = Group {
            targets: &["endings"],
            filters: &[&["--exact"], filters.as_slice()].concat(),
            environment: &[("VM_TEST_KEEP", "never")],
            limit: LIMIT,
        };
        let outcome = group.run(&fixture, &host, Runner::Nextest);
        let run = run_of_nextest(&outcome.text());
        let lines = lines(&host, &fixture, &run);
        let mut told: Vec<_> = lines
            .iter()
            .map(|line| {
                let name = line["test"].as_str().expect("a name");
                (
                    name.split_once("::").expect("a module").1,
                    line["outcome"].as_str().expect("a word"),
                )
            })
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("leaves_things_to_nobody", "panicked"),
                ("panics_as_it_should", "panicked"),
                ("passes", "passed"),
                ("returns_an_error", "failed"),
                ("stalls_for_nobody", "no-verdict"),
            ]
        );
        let stalled = lines
            .iter()
            .find(|line| line["outcome"] == "no-verdict")
            .expect("it");
        // Until it was killed, by the agent's clock.
        let body = micros(stalled, "body_us");
        assert!(body >= 900_000, "{stalled}");
        for line in &lines {
            assert!(micros(line, "rollback_us") > 0, "{line}");
            let log = fixture.target().join(format!(
                "vm-test/runs/{run}/{}.log",
                line["instance"].as_str().expect("a name")
            ));
            assert_eq!(log.exists(), line["outcome"] != "passed", "{line}");
        }
    }
}

#[test]
fn a_test_whose_process_is_killed_is_written_down_as_lost() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        // The very first VM boots, for which this profile of nextest is too impatient.
        let first = fixture.run(&host, Runner::Nextest, &format!("{backend}::passes"));
        assert!(first.success, "{}", first.text);
        let test = format!("{backend}::waits_to_be_killed");
        let args = ["nextest", "run", "--profile", "merciless"];
        let mut command = fixture.cargo(&host, &args);
        command.args(["-E", &format!("test(={test})")]);
        let began = Instant::now();
        let output = command.output().expect("cargo starts");
        let text = vm_test_tests::fixture::text_of(&output);
        assert!(began.elapsed() < Duration::from_secs(60), "{text}");
        assert!(text.contains("TIMEOUT"), "{text}");
        assert!(text.contains("ready to be killed"), "{text}");
        await_that("its instance is gone", Duration::from_secs(60), || {
            instances(&host).is_empty()
        });
        let run = run_of_nextest(&text);
        let lines = lines(&host, &fixture, &run);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert_eq!(lines[0]["outcome"], "lost", "{lines:#?}");
        assert!(lines[0]["body_us"].is_null(), "{lines:#?}");
        // The agent's last line tells what the test was doing: as the cause of the end, or on the
        // VM's console.
        let id = lines[0]["instance"].as_str().expect("a name");
        let log = fixture
            .target()
            .join(format!("vm-test/runs/{run}/{id}.log"));
        let log = std::fs::read_to_string(log).expect("its log");
        assert!(
            log.contains(
                "\n--- why the test failed\nits test process ended without reporting a result\n"
            ),
            "{log}"
        );
        let thread = &test[..15];
        let place = match backend {
            "lxc" => "died: its first process exited with code 1: ",
            _ => "\n--- console\n",
        };
        let (_, said) = log.split_once(place).expect(&log);
        let line = said.lines().next().unwrap_or_default();
        assert!(
            line.starts_with(
                "vm-test-agent: the process that held the lease disconnected while thread "
            ) && line.contains(&format!(" ({thread}) waits in clock_nanosleep")),
            "{log}"
        );
        let table = report(&host, &fixture, &[&run]).out;
        assert!(
            table.contains(&format!("keeping::{test}  {backend}-kept  lost ")),
            "{table}"
        );
    }
}

#[test]
fn a_test_that_gets_no_guest_is_written_down_with_the_reason() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["endings"],
        filters: &["--exact", "gets_no_guest"],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let run = run_of_nextest(&outcome.text());
    let lines = lines(&host, &fixture, &run);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["outcome"], "no-instance", "{lines:#?}");
    assert_eq!(lines[0]["instance"], "", "{lines:#?}");
    let words = lines[0]["words"].as_str().expect("the reason");
    assert!(words.contains("no-such-image"), "{words}");
    let table = report(&host, &fixture, &[&run]).out;
    assert!(
        table.contains("keeping::gets_no_guest  lxc-plain  no-instance  0.0 ms  -"),
        "{table}"
    );
    let reason = words.lines().next().expect("a line");
    let row = format!("\n  keeping::gets_no_guest  {reason}\n");
    assert!(table.ends_with(&row), "{row} in {table}");
}
