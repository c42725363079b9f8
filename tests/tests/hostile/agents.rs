//! Attacks on the agent: on its verdict, its socket, its stream. Each fails its own test, with the
//! cause, in time.

use super::arena::{Arena, assert_failed_for, limit};
use super::rows::is_here;
use std::io::{Read, Seek, SeekFrom};
use std::time::Instant;
use vm_test_tests::fixture::text_of;
use vm_test_tests::place::Place;

const EXITED: &[&str] = &["no verdict: the test process exited with code 0 before the test ended"];
const ITS_OWN: &[&str] = &["the body's own word"];
/// The agent does not answer; or, if the attacker is slow, it gets its stream back and ends the
/// test.
const SILENT: &[&str] = &[
    "the guest did not answer for 10s after the time limit of {seconds}000 ms",
    "the test did not end within {seconds}s and was killed",
];

const FORGERS: &[(&str, &[&str])] = &[
    ("agent::forges_a_verdict_and_exits_without_one", EXITED),
    ("agent::forges_a_verdict_and_panics", ITS_OWN),
    ("agent::has_a_child_pass_in_its_place", EXITED),
    ("own::floods_the_port_of_its_keeper_and_panics", ITS_OWN),
];

const ROBBERS: &[(&str, &[&str])] = &[
    ("agent::stops_the_agent_with_a_debugger", SILENT),
    (
        "stream::floods_its_test_process_with_frames_for_ever",
        SILENT,
    ),
    ("stream::sends_one_frame_byte_by_byte_for_ever", SILENT),
    (
        "stream::sends_a_frame_that_is_larger_than_all_memory",
        &["frame too large"],
    ),
    (
        // The daemon may notice it first.
        "stream::closes_its_stream_and_stays",
        &["the guest has closed the connection", "was given up"],
    ),
    (
        "agent::reboots_the_machine",
        &["died: the guest was rebooted"],
    ),
    (
        "agent::reboots_the_machine_without_a_trace",
        &["died: the guest was rebooted"],
    ),
    ("own::fills_its_disk", &["no room after"]),
    (
        "own::removes_the_ports",
        &["its agent failed: No such device"],
    ),
    ("own::takes_the_processor_for_ever", SILENT),
];

pub(crate) fn only_the_body_itself_can_give_its_verdict(place: Place) {
    fail_for_their_causes(place, FORGERS);
}

pub(crate) fn whoever_takes_the_agents_place_fails_its_own_test_and_hangs_nothing(place: Place) {
    fail_for_their_causes(place, ROBBERS);
}

#[track_caller]
fn fail_for_their_causes(place: Place, attackers: &[(&str, &[&str])]) {
    let arena = Arena::new(place);
    let attackers = attackers.iter().filter(|row| is_here(place, row.0));
    let attackers: Vec<_> = attackers.collect();
    // Most of the time, the attackers wait for the end of their time limits.
    let threads = attackers.len().to_string();
    let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", &threads]);
    let began = Instant::now();
    let output = command
        .args(attackers.iter().map(|(test, _)| test))
        .output()
        .expect("cargo starts");
    let text = text_of(&output);
    let took = began.elapsed();
    assert!(took < limit(place), "{took:?}:\n{text}");
    for (test, reasons) in attackers {
        assert_failed_for(place, &text, test, reasons);
    }
    arena.assert_unharmed();
}

pub(crate) fn output_without_end_is_not_kept_without_end(place: Place) {
    let arena = Arena::new(place);
    let test = "stream::floods_its_test_process_with_output_for_ever";
    let mut log = tempfile::tempfile().expect("a temporary file");
    let mut command = arena.run(&["--exact", "--include-ignored", test]);
    command.stdout(log.try_clone().expect("its descriptor"));
    let status = command.status().expect("cargo starts");
    assert!(!status.success());
    // The flood precedes this.
    let length = log.seek(SeekFrom::End(-2_000)).expect("a long log") + 2_000;
    let mut end = Vec::new();
    log.read_to_end(&mut end).expect("the end of the log");
    let end = String::from_utf8_lossy(&end);
    assert!(end.contains("more than 257 MiB of output"), "{end}");
    assert!(length < 300 << 20, "{length} bytes");
    arena.assert_unharmed();
}
