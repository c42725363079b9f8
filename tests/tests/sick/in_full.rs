//! What only VMs can have: a wrong clock, a disk that fails, a whole disk that is full; and what
//! their kernel does about the rest.

use super::{all_pass, kills};

/// Tests of the fixture on VMs. All pass.
const TESTS: [&str; 7] = [
    "a_single_vm_has_a_clock_of_its_own",
    "keys_of_redis_expire_when_its_clock_is_ahead_and_its_time_is_right_afterwards",
    "the_time_of_redis_runs_too_fast_and_is_right_afterwards",
    "redis_and_nginx_see_a_disk_that_fails_and_have_their_files_afterwards",
    "redis_is_killed_when_others_have_the_memory_of_a_vm",
    "redis_takes_several_times_as_long_while_others_have_the_processor_of_a_vm",
    "mariadb_has_no_room_for_a_database_while_its_disk_is_full",
];

#[test]
fn servers_on_vms_see_the_faults_of_their_node_and_their_end() {
    all_pass("--test=machines", &TESTS);
}

#[test]
fn vms_that_have_faults_leave_nothing_whenever_test_or_daemon_is_killed() {
    kills::leave_nothing("machines", 6);
}
