//! Renamed directories, hard links and mapped files of the workspace and of the root file system:
//! each is as on the host, or as the table of `docs/workspace.md` says.

use super::guests::{HOST, endings, guests, host};
use super::table::{Column, Row, works};
use super::workspace::Workspace;
use std::collections::BTreeMap;
use std::fs;
use vm_test_tests::group::Outcome;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

const RENAMED: &str = "a_directory_is_renamed";
const RENAMED_IN_ROOT: &str = "a_directory_of_the_root_is_renamed";
const LINKED: &str = "a_file_is_written_to_under_one_of_its_names";
const MAPPED: &str = "a_mapped_file_is_written_to";
const MAPPED_IN_ROOT: &str = "a_mapped_file_of_the_root_is_written_to";
const OPENED: &str = "a_file_is_opened_directly";

/// What tests of the root file system have in their names.
const OF_THE_ROOT: &str = "_of_the_root_";

/// What the failure of a rename says in a container.
const REFUSAL: [&str; 2] = [
    "Os { code: 18, kind: CrossesDevices, ",
    "\nhint: a container cannot rename a directory that came with its root or with the workspace, ",
];

pub(crate) fn directories_links_and_mappings_are_as_the_documents_say(place: Place) {
    let workspace = Workspace::new("cases-overlay");
    make_links(&workspace);
    let tests = [RENAMED, LINKED, MAPPED];
    let outcome = workspace.run(&host(HOST), &["locally::"]);
    assert_as_told(&outcome, "locally", &tests, Column::Locally, "");
    for guest in guests(place) {
        // On guest `host`, an ordinary user may not change what the real root owns.
        let without_root = *guest == HOST && !rustix::process::geteuid().is_root();
        let (filters, tests): (&[&str], &[&str]) = if without_root {
            (
                &["in_a_guest::", "--skip", OF_THE_ROOT],
                &[RENAMED, LINKED, MAPPED, OPENED],
            )
        } else {
            (
                &["in_a_guest::"],
                &[
                    RENAMED,
                    RENAMED_IN_ROOT,
                    LINKED,
                    MAPPED,
                    MAPPED_IN_ROOT,
                    OPENED,
                ],
            )
        };
        let outcome = workspace.run(&host(guest), filters);
        assert_as_told(&outcome, "in_a_guest", tests, place.into(), place.kernel());
    }
}

/// Makes the file with two names, which git would not keep.
fn make_links(workspace: &Workspace) {
    let file = workspace.path("overlay/fix/sub/a");
    fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    fs::write(&file, "one\n").expect("a file");
    fs::hard_link(&file, workspace.path("overlay/fix/hard")).expect("a second name");
}

/// Checks that exactly these tests ran, and that each has seen what this column of the table says.
fn assert_as_told(outcome: &Outcome, module: &str, tests: &[&str], column: Column, kernel: &str) {
    let text = outcome.text();
    let expected = tests.iter().map(|test| {
        let is_refused = match *test {
            RENAMED => !works(Row::Renames, column, kernel).in_workspace,
            RENAMED_IN_ROOT => !works(Row::Renames, column, kernel).in_root,
            _ => false,
        };
        let ending = if is_refused { Failed } else { Passed };
        (format!("{module}::{test}"), ending)
    });
    let expected: BTreeMap<_, _> = expected.collect();
    let found = endings(&outcome.tests);
    let found: BTreeMap<_, _> = found
        .into_iter()
        .map(|(name, ending)| (name.to_owned(), ending))
        .collect();
    assert_eq!(found, expected, "{column:?}: {text}");
    for test in tests {
        let told = &outcome.tests[&format!("{module}::{test}")];
        let seen = match *test {
            RENAMED | RENAMED_IN_ROOT if told.ending == Failed => REFUSAL.map(str::to_owned).into(),
            LINKED => {
                let is_new = works(Row::Links, column, kernel).in_workspace;
                vec![line("under the other name", is_new)]
            }
            MAPPED => mapping(works(Row::Maps, column, kernel).in_workspace),
            MAPPED_IN_ROOT => mapping(works(Row::Maps, column, kernel).in_root),
            OPENED if works(Row::OpensDirectly, column, kernel).in_workspace => {
                vec!["opened directly\n".to_owned()]
            }
            OPENED => vec!["EINVAL\n".to_owned()],
            _ => Vec::new(),
        };
        for words in seen {
            assert!(told.stdout.contains(&words), "{words} {column:?}: {text}");
        }
    }
}

fn mapping(is_new: bool) -> Vec<String> {
    vec![
        line("mapping", is_new),
        line("mapping made afterwards", true),
    ]
}

/// Returns a line that a test prints.
fn line(what: &str, is_new: bool) -> String {
    format!("{what}: {}\n", if is_new { "new" } else { "old" })
}
