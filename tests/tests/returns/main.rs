//! What comes back from guests besides verdicts: artifacts below the target directory, exports into the workspace, and
//! nothing anywhere else, whatever the names are.

mod forged;
mod place;
mod rows;
mod setting;

use place::{Workspace, assert_says};

#[test]
fn what_a_guest_exports_comes_into_the_workspace_and_all_else_is_rolled_back() {
    let place = Workspace::new();
    let mut expected = place.files();
    let (success, text) = place.run("files", &["new_snapshots_are_exported"]);
    assert!(success, "{text}");
    expected.extend([
        "workspace/snapshots/kept.snap.new: new\n".to_owned(),
        "workspace/snapshots/more/other.snap.new: other\n".to_owned(),
        "workspace/snapshots/more: ".to_owned(),
    ]);
    expected.sort();
    assert_eq!(place.files(), expected, "{text}");
    assert_says(
        &text,
        &["export `snapshots/link.snap.new` was not brought back: it is a symbolic link"],
    );
}
