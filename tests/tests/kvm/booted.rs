//! The environment of a test, compared with a login on a booted Debian. Every difference is in the
//! table of `docs/differences.md`, and every line of the table is a difference.

mod in_full;

use super::{LIMIT, prepared};
use std::collections::{BTreeMap, BTreeSet};
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::patience;

const PROBE: &str = include_str!("booted/probe.sh");

/// What the probe finds after root's login on an image with everything that Debian boots with.
const LOGIN: &str = include_str!("booted/login.txt");

const TABLE: &str = include_str!("../../../docs/differences.md");

/// The heading of the table, and the beginning of a cell that leaves a value to the host.
const TITLE: &str = "## What a test finds around it";
const SAME: &str = "the same";
const OF_THE_HOST: &str = "the host's";

type Found = BTreeMap<String, String>;

/// The columns of the table.
#[derive(Clone, Copy, Debug)]
enum Column {
    Agent = 1,
    System = 2,
    Container = 3,
}

fn parse(text: &str) -> Found {
    let pairs = text.lines().filter_map(|line| line.split_once(" ="));
    pairs
        .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        .collect()
}

fn run(host: &Host, fixture: &Fixture, guest: &str, command: &[&str]) -> Found {
    let mut vm_test = host.vm_test();
    vm_test
        .args(["run", guest, "--directory", "/", "--"])
        .args(command)
        .current_dir(fixture.directory());
    let run = patience::run(&mut vm_test, LIMIT);
    assert_eq!(run.code, Some(0), "{}", run.stderr.text());
    parse(&run.stdout.text())
}

fn probe(host: &Host, fixture: &Fixture, guest: &str) -> Found {
    run(host, fixture, guest, &["sh", "-c", PROBE])
}

/// Returns the rows of the table: the keys, and the cells of each column.
fn table() -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let (_, text) = TABLE.split_once(TITLE).expect("the table");
    // Other tables may follow.
    let text = text.split("\n## ").next().unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(str::trim));
    cells
        .map(|cells| {
            let cells: Vec<_> = cells.collect();
            assert_eq!(cells.len(), 4, "{cells:?}");
            let keys = cells[0].split('`').skip(1).step_by(2).collect();
            (keys, cells)
        })
        .collect()
}

fn fits(pattern: &str, key: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => key.starts_with(begin),
        None => pattern == key,
    }
}

/// Returns the differences that are not in the table, and the rows without a difference.
fn faults(found: &Found, expected: &Found, column: Column) -> Vec<String> {
    let table = table();
    let mut faults = Vec::new();
    let mut needed = BTreeSet::new();
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    for key in keys {
        let (is, was) = (found.get(key), expected.get(key));
        let row = table
            .iter()
            .position(|(keys, _)| keys.iter().any(|pattern| fits(pattern, key)));
        let cell = row.map_or(SAME, |row| table[row].1[column as usize]);
        if is != was {
            needed.extend(row);
            if cell.starts_with(SAME) {
                faults.push(format!("{key} is {is:?} and not {was:?}"));
            }
        }
    }
    for (row, (keys, cells)) in table.iter().enumerate() {
        let cell = cells[column as usize];
        let says_nothing = cell.starts_with(SAME) || cell.contains(OF_THE_HOST);
        if !says_nothing && !needed.contains(&row) {
            faults.push(format!("{keys:?} are the same and not {cell:?}"));
        }
    }
    faults
}

#[test]
fn what_a_booted_system_gives_every_process_a_test_has_too_or_the_table_says_so() {
    let (host, fixture) = prepared(&["debian-12"]);
    let expected = parse(LOGIN);
    assert!(expected.len() > 100, "{expected:#?}");
    for (guest, column) in [("container", Column::Container), ("machine", Column::Agent)] {
        let found = probe(&host, &fixture, guest);
        let faults = faults(&found, &expected, column);
        assert!(faults.is_empty(), "{guest}: {faults:#?}");
    }
}

#[test]
fn a_difference_without_a_line_and_a_line_without_a_difference_are_found() {
    let expected = parse(LOGIN);
    let mut found = expected.clone();
    found.insert("status Umask".to_owned(), "0077".to_owned());
    let words = faults(&found, &expected, Column::Agent);
    assert!(
        words[0].starts_with("status Umask is Some(\"0077\")"),
        "{words:#?}"
    );
    assert!(
        words
            .iter()
            .any(|words| words.contains("are the same and not")),
        "{words:#?}"
    );
}
