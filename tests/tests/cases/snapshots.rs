//! Snapshots of insta in a member of a workspace, in guests with cargo and without: where they are
//! looked for, and where new ones come back.

use super::guests::{endings, guests, host};
use super::workspace::Workspace;
use std::collections::BTreeMap;
use std::fs;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

const STORED: &str = "deep::tests::a_stored_snapshot_is_found";
const FRESH: &str = "deep::tests::a_new_snapshot_is_written";

/// What the second test leaves, beside the first one's snapshot.
const NEW: &str = "one/src/snapshots/one__deep__tests__fresh.snap.new";

pub(crate) fn a_members_snapshot_is_found_and_a_new_one_comes_back_beside_its_test(place: Place) {
    let workspace = Workspace::new("one");
    for guest in guests(place) {
        let host = host(guest);
        workspace.build(&host);
        let mut files = workspace.files();
        assert!(!files.contains(NEW), "{files:?}");
        let outcome = workspace.run(&host, &[]);
        let text = outcome.text();
        let expected = BTreeMap::from([(STORED, Passed), (FRESH, Failed)]);
        assert_eq!(endings(&outcome.tests), expected, "{guest}: {text}");
        let told = &outcome.tests[FRESH].stdout;
        let words = "snapshot assertion for 'fresh' failed";
        assert!(told.contains(words), "{guest}: {text}");
        files.insert(NEW.to_owned());
        assert_eq!(workspace.files(), files, "{guest}: {text}");
        let new = fs::read_to_string(workspace.path(NEW)).expect("the new snapshot");
        let lines: Vec<_> = new.lines().collect();
        assert_eq!(lines[..2], ["---", "source: one/src/lib.rs"], "{new}");
        assert_eq!(lines[lines.len() - 2..], ["---", "as it is"], "{new}");
        fs::remove_file(workspace.path(NEW)).expect("the file is ours");
    }
}
