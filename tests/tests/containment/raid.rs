//! The raid: all bodies that attack the host's files, in one run of `cargo test`, between two
//! examinations of the files.

use super::bait::Bait;
use super::endings::{assert_endings, fixture, limit};
use super::tree;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

pub(crate) fn whatever_a_guest_does_to_files_the_hosts_stay_as_they_are(place: Place) {
    let (fixture, host) = fixture(place);
    let mut bait = Bait::lay_out(place, &fixture);
    let before = bait.examine();
    let directory = bait.directory().to_str().expect("UTF-8").to_owned();
    let group = Group {
        targets: &["hostile"],
        filters: &["escapes::", "files::", "pipes::"],
        environment: &[("CONTAINMENT_BAIT", &directory)],
        limit: limit(place),
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    // The effects of a guest's own end are complete now.
    host.stop();
    let changed = tree::difference(&before, &bait.examine());
    assert!(changed.is_empty(), "on the host:\n{}", changed.join("\n"));
    assert_eq!(bait.received(), "", "this came through the pipe");
    assert_endings(
        &outcome,
        &[
            (
                "escapes::a_file_of_the_host_cannot_be_opened_by_its_handle",
                Passed,
            ),
            (
                "files::a_file_of_the_host_is_changed_in_the_guest_alone",
                Passed,
            ),
            (
                "files::a_file_of_the_host_cannot_be_reached_by_mounting_it_anew",
                Passed,
            ),
            (
                "files::a_file_of_the_system_cannot_be_changed_outside_of_the_guest",
                Passed,
            ),
            (
                "files::a_file_of_the_workspace_is_changed_in_the_guest_alone",
                Passed,
            ),
            ("pipes::a_pipe_of_the_host_does_not_reach_it", Passed),
        ],
    );
}
