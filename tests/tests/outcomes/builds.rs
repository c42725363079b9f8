//! Test binaries that are built in unusual ways: with panics that abort, and for a host without
//! guests.

use super::limit;
use super::words::{ANY, fits, plain};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{self, Failed, Passed};

const ABORT: &str = "-C panic=abort -Zpanic-abort-tests";

const OTHER_HOST: &str = "--cfg vm_test_pretend_other_host";

/// The result of each test if panics abort, and what is reported about it.
const WHERE_PANICS_ABORT: &[(&str, Ending, &[&str])] = &[
    ("guest::passing", Passed, &[]),
    (
        "guest::panicking",
        Failed,
        &[
            ANY,
            "thread 'main' (N) panicked at tests/few.rs:…",
            "the value is 42",
            ANY,
        ],
    ),
    (
        "guest::panicking_in_a_thread",
        Failed,
        &[
            ANY,
            "thread '<unnamed>' (N) panicked at tests/few.rs:…",
            "in the thread",
            ANY,
        ],
    ),
    (
        "guest::panicking_with_a_number",
        Failed,
        &[
            ANY,
            "thread 'main' (N) panicked at tests/few.rs:…",
            "Box<dyn Any>",
            ANY,
        ],
    ),
    (
        "guest::returning_an_error",
        Failed,
        &[ANY, "Error: \"no such route\"", ANY],
    ),
    (
        "guest::aborting",
        Failed,
        &[
            ANY,
            "error: no verdict: the test process exited with code 101 before the test ended",
            ANY,
        ],
    ),
    ("guest::should_panic_and_does", Passed, &[]),
    (
        "guest::should_panic_and_does_not",
        Failed,
        &[ANY, "test did not panic as expected at tests/few.rs:…"],
    ),
    (
        "guest::should_panic_and_aborts",
        Failed,
        &[
            ANY,
            "error: no verdict: the test process exited with code 101 before the test ended",
            ANY,
        ],
    ),
    ("guest::should_panic_with_these_words", Passed, &[]),
    (
        "guest::should_panic_with_other_words",
        Failed,
        &[ANY, "panic did not contain expected string", ANY],
    ),
    (
        "helped::panicking_in_a_helper",
        Failed,
        &[ANY, "in the helper", ANY],
    ),
    ("helped::should_panic_in_a_helper_and_does", Passed, &[]),
];

#[test]
fn a_test_ends_as_it_should_where_panics_abort() {
    let (fixture, host) = (Fixture::new("builds"), Host::new());
    let (target, directory) = (host_triple(), directory(&fixture, "aborting"));
    let environment = [
        ("RUSTFLAGS", ABORT),
        ("RUSTC_BOOTSTRAP", "1"),
        ("CARGO_BUILD_TARGET", target.as_str()),
        ("CARGO_TARGET_DIR", directory.as_str()),
    ];
    let group = Group {
        targets: &["few"],
        filters: &[],
        environment: &environment,
        limit: limit(Place::Container),
    };
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let outcome = group.run(&fixture, &host, runner);
        assert_eq!(
            outcome.tests.len(),
            WHERE_PANICS_ABORT.len(),
            "{}",
            outcome.text()
        );
        for (name, ending, words) in WHERE_PANICS_ABORT {
            let told = &outcome.tests[*name];
            assert_eq!(told.ending, *ending, "{name}: {told:#?}");
            // If the body ends its process, libtest's output in the guest cannot be told from the
            // body's.
            let is_framed = runner == Runner::Nextest || !name.contains("abort");
            if *ending == Failed && is_framed {
                let text = match runner {
                    Runner::CargoTest => &told.stdout,
                    Runner::Nextest => &told.stderr,
                };
                let lines = plain(text);
                assert!(
                    fits(Place::Container, words, &lines),
                    "{name} says\n{lines:#?}\nand not\n{words:#?}"
                );
            }
        }
    }
}

#[test]
fn on_a_host_without_guests_every_test_fails_with_one_line() {
    let (fixture, host) = (Fixture::new("builds"), Host::new());
    let (target, directory) = (host_triple(), directory(&fixture, "other-host"));
    let environment = [
        ("RUSTFLAGS", OTHER_HOST),
        ("CARGO_BUILD_TARGET", target.as_str()),
        ("CARGO_TARGET_DIR", directory.as_str()),
    ];
    let group = Group {
        targets: &["few"],
        filters: &["guest::"],
        environment: &environment,
        limit: limit(Place::Container),
    };
    let line = "cannot run this test in guest `host`: guests need a Linux host, and this is linux";
    let note = "note: test did not panic as expected at tests/…";
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let outcome = group.run(&fixture, &host, runner);
        for (name, told) in &outcome.tests {
            assert_eq!(told.ending, Failed, "{name}: {told:#?}");
            let (text, notes) = match runner {
                Runner::CargoTest => (&told.stdout, usize::from(name.contains("should_panic"))),
                Runner::Nextest => (&told.stderr, 0),
            };
            let expected = [line, note];
            let lines = plain(text);
            assert!(
                fits(Place::Container, &expected[..=notes], &lines),
                "{name} says {lines:#?}"
            );
        }
    }
    // The caller of the site may expect a panic, and a return would pass as well.
    for test in [
        "helped::panicking_in_a_helper",
        "helped::should_panic_in_a_helper_and_does",
    ] {
        let group = Group {
            filters: &["--exact", test],
            ..group
        };
        let finished = patience::run(
            &mut group.command(&fixture, &host, Runner::CargoTest),
            limit(Place::Container),
        );
        assert_ne!(finished.code, Some(0), "{test} passed");
        let words = format!("because its caller may treat a panic as a pass: {line}");
        assert!(
            finished.stderr.text().contains(&words),
            "{}",
            finished.stderr.text()
        );
    }
    assert!(!host.runtime().exists(), "a daemon was started");
}

/// Returns a separate target directory for each kind of build: with other flags cargo rebuilds
/// everything.
fn directory(fixture: &Fixture, kind: &str) -> String {
    let directory = fixture.target().join(kind);
    directory.to_str().expect("a path in UTF-8").to_owned()
}

/// Returns the target triple of this host. If it is given, flags apply to what runs on the host and
/// not to macros.
fn host_triple() -> String {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .expect("rustc starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}
