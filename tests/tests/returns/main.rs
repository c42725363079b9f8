//! What comes back from guests besides verdicts: artifacts below the target directory, exports into
//! the workspace, and nothing anywhere else, whatever the names are.

mod annotated;
mod forged;
mod nodes;
mod rows;
mod workspace;

use vm_test_tests::place::Place;
use workspace::{Workspace, assert_says};

vm_test_tests::tests_at! {
    each_place {
        rows {
            a_link_of_the_host_is_not_followed_whatever_it_is_in_the_guest,
            a_site_says_what_comes_into_the_workspace_and_all_else_is_rolled_back,
            artifacts_come_back_under_the_tests_name_and_those_of_an_earlier_run_go,
            links_are_not_followed_in_the_guest,
            names_that_could_steer_a_terminal_are_made_harmless,
            of_ten_thousand_files_a_thousand_come_back,
            ten_gibibytes_that_take_no_room_stay_and_what_is_small_comes,
        }
    }
}

#[test]
fn what_a_guest_exports_comes_into_the_workspace_and_all_else_is_rolled_back() {
    let workspace = Workspace::new(Place::Container);
    let mut expected = workspace.files();
    let (success, text) = workspace.run("files", &["new_snapshots_are_exported"]);
    assert!(success, "{text}");
    expected.extend([
        "workspace/snapshots/kept.snap.new: new\n".to_owned(),
        "workspace/snapshots/more/other.snap.new: other\n".to_owned(),
        "workspace/snapshots/more: ".to_owned(),
    ]);
    expected.sort();
    assert_eq!(workspace.files(), expected, "{text}");
    assert_says(
        &text,
        &["export `snapshots/link.snap.new` was not brought back: it is a symbolic link"],
    );
}
