//! What the nodes of a lab do for a test without programs of their images: the fixture examines it
//! from inside.

use super::{endings, run_leaving_nothing};
use std::collections::BTreeMap;
use vm_test_tests::report::Ending::Passed;

/// Tests of the fixture. All pass.
const TESTS: [&str; 9] = [
    "servers_answer_over_both_versions_and_know_who_came",
    "the_tests_own_node_has_the_same_tools",
    "what_keeps_a_connection_from_coming_about_is_told",
    "a_name_that_is_none_is_a_mistake",
    "datagrams_are_seen_as_often_as_they_were_sent",
    "a_sniffer_that_sees_too_many_frames_shows_them",
    "a_page_is_got_through_a_router_and_not_without_it",
    "pings_that_go_on_say_which_were_answered",
    "a_vlan_is_there_until_it_is_dropped_or_the_kernel_has_none",
];

#[test]
fn nodes_have_servers_clients_pings_and_sniffers_without_programs_for_them() {
    let outcome = run_leaving_nothing("--test=tools");
    let expected = TESTS.map(|name| (name, Passed));
    assert_eq!(
        endings(&outcome),
        BTreeMap::from(expected),
        "{}",
        outcome.text()
    );
}
