//! Copies of one template: what is unique to each, and that none of them boots.

use super::{LIMIT, prepared};
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use vm_test_tests::campaign;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::process::await_that;

/// How far the clock of a copy may differ from the host's, in seconds, apart from the duration of
/// the run.
const CLOCK: f64 = 1.0;

/// The age of a template before its copies are asked for the time, so that a clock that continues
/// from the save is noticed.
const AGE: Duration = Duration::from_secs(3);

/// What a copy has reported.
#[derive(Debug)]
struct Told {
    random: String,
    machine: String,
    boot: String,
    time: f64,
}

fn told(text: &str) -> Vec<Told> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("random "))
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            Told {
                random: words[0].to_owned(),
                machine: words[2].to_owned(),
                boot: words[4].to_owned(),
                time: words[6].parse().unwrap(),
            }
        })
        .collect()
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs_f64()
}

fn run(fixture: &Fixture, host: &Host, filter: &str) -> String {
    let mut command = fixture.cargo(host, &["test", "--test", "copies"]);
    command.args(["--", filter, "--test-threads=2", "--show-output"]);
    let finished = patience::start(&mut command).finish(LIMIT);
    finished.stdout.text() + &finished.stderr.text()
}

/// Asserts that a new instance has the time of this host.
#[track_caller]
fn assert_clock(host: &Host, fixture: &Fixture) {
    let mut command = host.vm_test();
    command
        .args(["run", "machine", "--", "date", "+%s.%N"])
        .current_dir(fixture.directory());
    let before = now();
    let output = command.output().unwrap();
    let after = now();
    assert!(output.status.success(), "{}", text_of(&output));
    let time = String::from_utf8_lossy(&output.stdout);
    let time: f64 = time.trim().parse().unwrap();
    let is_near = (before - CLOCK..after + CLOCK).contains(&time);
    assert!(is_near, "{time} between {before} and {after}");
}

/// Asserts that the copies differ where they must, and that their clocks agree with this host's.
#[track_caller]
fn assert_copies(copies: &[Told], count: usize, began: f64, text: &str) {
    assert_eq!(copies.len(), count, "{text}");
    let different = |of: fn(&Told) -> &String| copies.iter().map(of).collect::<BTreeSet<_>>().len();
    assert_eq!(different(|it| &it.random), count, "{copies:?}");
    assert_eq!(different(|it| &it.machine), count, "{copies:?}");
    let ended = now();
    for copy in copies {
        let is_near = (began - CLOCK..ended + CLOCK).contains(&copy.time);
        assert!(is_near, "{copy:?} between {began} and {ended}");
    }
}

#[test]
fn two_copies_disagree_about_chance_and_agree_about_the_time() {
    let (host, fixture) = prepared(&["debian-12"]);
    run(&fixture, &host, "one_copy");
    std::thread::sleep(AGE);
    for _ in 0..2 {
        assert_clock(&host, &fixture);
    }
    let began = now();
    let text = run(&fixture, &host, "copy");
    assert!(text.contains("2 passed; 0 failed"), "{text}");
    assert!(!text.contains("boots for the first time"), "{text}");
    assert_copies(&told(&text), 2, began, &text);
}

#[test]
fn two_copies_with_a_way_out_have_different_hardware_addresses() {
    let (host, fixture) = prepared(&["debian-12"]);
    let address = || {
        let output = host
            .vm_test()
            .args(["run", "outside", "--", "cat"])
            .arg("/sys/class/net/eth0/address")
            .current_dir(fixture.directory())
            .env("SUITE_PORT", "0")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        text
    };
    let (one, other) = (address(), address());
    assert!(one.starts_with("52:54:") && other.starts_with("52:54:"));
    assert_ne!(one, other);
}

#[test]
fn fifty_tests_see_a_fresh_systemd_and_only_the_first_waits_for_its_boot() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    let first = Instant::now();
    let text = run(&fixture, &host, "server::a0");
    assert!(text.contains("1 passed; 0 failed"), "{text}");
    let first = first.elapsed();
    let (clock, began) = (now(), Instant::now());
    let (count, filter) = match campaign::length(50, 10) {
        50 => (50, "server::"),
        _ => (10, "server::a"),
    };
    let text = run(&fixture, &host, filter);
    assert!(
        text.contains(&format!("{count} passed; 0 failed")),
        "{text}"
    );
    assert!(!text.contains("boots for the first time"), "{text}");
    let each = began.elapsed() / count;
    eprintln!("the first took {first:?}, each of the next {count} {each:?}");
    let copies = told(&text);
    assert_copies(&copies, count as usize, clock, &text);
    // systemd has requested it before the VM was saved.
    let boots: BTreeSet<_> = copies.iter().map(|copy| &copy.boot).collect();
    assert_eq!(boots.len(), 1, "{copies:?}");
}

#[test]
fn who_comes_while_a_machine_boots_for_the_first_time_is_told_and_goes_on_from_there() {
    let (host, fixture) = prepared(&["debian-12"]);
    // A size that no other test of this image uses, and hardly any earlier run of this one in the
    // same store.
    let memory = format!("{}M", 800 + std::process::id() % 600);
    let start = || {
        let mut command = host.vm_test();
        command
            .args(["run", "machine", "--memory", &memory, "--", "true"])
            .current_dir(fixture.directory());
        patience::start(&mut command)
    };
    let first = start();
    await_that("the first boot", LIMIT, || {
        first.errors().contains("for the first time")
    });
    let second = start().finish(LIMIT);
    let first = first.finish(LIMIT);
    for (finished, words) in [
        (first, "this VM boots for the first time"),
        (second, "an identical VM boots for the first time"),
    ] {
        let text = finished.stderr.text();
        assert_eq!(finished.code, Some(0), "{text}");
        assert!(text.contains(words), "{words}: {text}");
    }
}
