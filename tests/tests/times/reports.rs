//! `vm-test report` as a user calls it: the table, one run among several, no run at all.

use crate::{LIMIT, fixture, report, run_of_nextest};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;

#[test]
fn the_table_has_the_slowest_body_first_and_names_the_guests() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["clocks"],
        filters: &["--exact", "lxc::s400", "lxc::s120", "lxc::c0"],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let run = run_of_nextest(&outcome.text());
    // The beginning of its name is enough.
    let table = report(&host, &fixture, &[&run[..13]]).out;
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines[0], format!("run {run}: 3 tests"));
    let head: Vec<_> = lines[2].split_whitespace().collect();
    assert_eq!(
        head.join(" "),
        "TEST GUEST OUTCOME WAIT BOOT START BODY ROLLBACK"
    );
    for (line, test) in lines[3..6].iter().zip(["s400", "s120", "c0"]) {
        let start = format!("keeping::lxc::{test} ");
        assert!(line.starts_with(&start), "{start} in {table}");
    }
    assert!(table.contains("\nWHERE THE TIME WENT\n"), "{table}");
    let shares = lines.iter().filter_map(|line| line.strip_suffix(" %"));
    let shares = shares.map(|line| line.rsplit(' ').next().unwrap().parse::<u32>().unwrap());
    let all: u32 = shares.sum();
    // Each is rounded separately.
    assert!((98..=102).contains(&all), "{table}");
    assert!(
        table.ends_with("\nGUESTS\n  lxc-plain  3 tests  lxc over the host's root\n"),
        "{table}"
    );
}

#[test]
fn a_run_that_is_not_there_is_refused_with_those_that_are() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["clocks"],
        filters: &["--exact", "lxc::c0"],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let run = run_of_nextest(&outcome.text());
    let refused = report(&host, &fixture, &["no-such-run"]);
    assert_eq!(refused.code(), Some(1));
    assert!(
        refused.err.starts_with(
            "error: cannot find a run whose name begins with \"no-such-run\"\nhint: the runs, the latest first: "
        ),
        "{refused:?}"
    );
    assert!(refused.err.contains(&run), "{refused:?}");
}

#[test]
fn without_any_run_it_says_where_it_looked() {
    let host = vm_test_tests::host::Host::new();
    let empty = tempfile::tempdir().expect("a directory");
    let mut command = host.vm_test();
    command.arg("report").env("CARGO_TARGET_DIR", empty.path());
    let refused = vm_test_tests::process::Running::start(&mut command).finish();
    assert_eq!(refused.code(), Some(1));
    let place = empty.path().join("vm-test/runs");
    let words = format!(
        "error: cannot find a run: none is in {}\nhint: ",
        place.display()
    );
    assert!(refused.err.starts_with(&words), "{refused:?}");
    let here = empty.path();
    let mut command = host.vm_test();
    command
        .arg("report")
        .current_dir(here)
        .env("CARGO", "/nowhere/cargo");
    let refused = vm_test_tests::process::Running::start(&mut command).finish();
    assert!(
        refused.err.starts_with(
            "error: cannot find cargo's target directory: the current directory is not in a workspace\nhint: "
        ),
        "{refused:?}"
    );
}
