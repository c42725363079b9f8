//! Starts and ends of instances whose keepers are scripted.

use super::super::console::Console;
use super::super::instance::Belongings;
use super::super::scripted_keeper::{
    ScriptedKeeper, assignment, container, failure_if, started, started_with, stop,
};
use super::*;
use crate::keeper::Descriptor;
use crate::rootfs::{Plan, Tree};
use std::fs::File;
use std::io::{Read, Write};
use std::time::Instant;
use vm_test_sys::handover;
use vm_test_sys::namespaces::{Step, early};

/// Not a report: an unfinished length, a frame that is too long, one that is cut short, an unknown
/// message, and a message with another byte after it.
const GARBAGE: [&[u8]; 5] = [
    &[1, 0],
    &[0xff, 0xff, 0xff, 0xff, 0],
    &[100, 0, 0, 0, 0],
    &[2, 0, 0, 0, 0x77, 0x77],
    &[3, 0, 0, 0, 0, 0, 0],
];

fn instance() -> (Instance, ScriptedKeeper) {
    started(&assignment("a-1", "a"), Belongings::default())
}

fn failed() -> KeeperReport {
    KeeperReport::Failed(Failure::new("why"))
}

fn cause(instance: Instance, event: Event) -> String {
    instance.destroy(event).cause.unwrap().text()
}

#[test]
fn a_keeper_gets_its_world_and_then_each_descriptor_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let [file, disk] = ["file", "disk"].map(|name| dir.path().join(name));
    std::fs::write(&file, "a file").unwrap();
    std::fs::write(&disk, "a disk").unwrap();
    let tree = |path, optional| Tree { path, optional };
    let plan = Plan {
        trees: vec![tree(dir.path().join("nothing"), true), tree(file, false)],
        ..Plan::default()
    };
    let assignment = container("a-1", "a", plan);
    let belongings = Belongings {
        console: Some(Console::new().unwrap()),
        others: vec![(Descriptor::ForeignDisk, File::open(&disk).unwrap().into())],
        ..Belongings::default()
    };
    let (instance, keeper, descriptors) = started_with(&assignment, belongings);
    let names: Vec<_> = descriptors.iter().map(|(name, _)| *name).collect();
    // One that is optional and not there is not handed over.
    let expected = [
        Descriptor::Tree(1),
        Descriptor::Console,
        Descriptor::ForeignDisk,
    ];
    assert_eq!(names, expected);
    for (at, content) in [(0, "a file"), (2, "a disk")] {
        let found = std::io::read_to_string(&descriptors[at].1).unwrap();
        assert_eq!(found, content);
    }
    writeln!(&descriptors[1].1, "a word").unwrap();
    assert_eq!(instance.console().unwrap().lines(), ["a word"]);
    keeper.exit(0);
    let words = cause(instance, Event::Died);
    assert!(words.ends_with(":\n  | a word"), "{words}");
}

#[test]
fn where_a_keeper_ends_before_it_has_its_world_no_instance_starts_and_its_own_cause_is_told() {
    let subject = "cannot start instance a-1 of guest `a`: ";
    let failure = failure_if(|keeper| {
        keeper.report(&failed());
        keeper.exit(0);
    });
    assert_eq!(failure.message, "why");
    let failure = failure_if(|keeper| keeper.exit(early(Step::Execution, libc::ENOMEM)));
    let expected = "its keeper could not be executed: Cannot allocate memory";
    assert!(
        failure.message.starts_with(&format!("{subject}{expected}")),
        "{failure}"
    );
    for garbage in [&[][..]].iter().chain(&GARBAGE) {
        let garbage = garbage.to_vec();
        let failure = failure_if(move |keeper| {
            keeper.say(&garbage);
            keeper.exit(0);
        });
        let expected = format!("{subject}send it its configuration: ");
        assert!(failure.message.starts_with(&expected), "{failure}");
    }
}

#[test]
fn an_instance_that_dies_does_so_by_its_keepers_word_or_else_by_the_kernels() {
    let died = "instance a-1 of guest `a` died: ";
    for (report, code, expected) in [
        (Some(failed()), 0, "why".to_owned()),
        (
            Some(KeeperReport::Ended(3 << 8)),
            0,
            format!("{died}its first process exited with code 3 before the test did"),
        ),
        (None, 7, format!("{died}its keeper exited with code 7")),
    ] {
        let (instance, keeper) = instance();
        report.iter().for_each(|report| keeper.report(report));
        keeper.exit(code);
        assert_eq!(cause(instance, Event::Died), expected);
    }
}

#[test]
fn what_is_no_report_is_not_believed() {
    for garbage in GARBAGE {
        let (instance, keeper) = instance();
        keeper.say(garbage);
        keeper.exit(7);
        assert_eq!(
            cause(instance, Event::Died),
            "instance a-1 of guest `a` died: its keeper exited with code 7",
            "{garbage:?}"
        );
    }
}

#[test]
fn an_instance_that_has_not_died_by_itself_is_killed_and_its_keepers_word_does_not_count() {
    for (event, expected) in [
        (Event::Released, "was given up"),
        (Event::Stopping, "was destroyed: the daemon was stopped"),
        (
            Event::Abandoned,
            "died: a process in the guest killed its agent",
        ),
        (
            Event::Unnoticed,
            "died: its first process was killed before it began",
        ),
    ] {
        let (instance, keeper) = instance();
        keeper.report(&failed());
        assert!(!keeper.is_killed());
        assert_eq!(
            cause(instance, event),
            format!("instance a-1 of guest `a` {expected}")
        );
        assert!(keeper.is_killed());
    }
}

#[test]
fn a_keeper_that_says_nothing_holds_nothing_up() {
    let (instance, keeper) = instance();
    let began = Instant::now();
    assert_eq!(
        cause(instance, Event::Died),
        "instance a-1 of guest `a` died: its keeper was killed by signal 9"
    );
    assert!(keeper.is_killed() && began.elapsed() < LAST_MESSAGE * 10);
}

#[test]
fn the_console_is_shown_unless_the_instance_was_given_up() {
    for (event, is_shown) in [
        (Event::Died, true),
        (Event::Abandoned, true),
        (Event::Unnoticed, true),
        (Event::Released, false),
        (Event::Stopping, false),
    ] {
        let belongings = Belongings {
            console: Some(Console::new().unwrap()),
            ..Belongings::default()
        };
        let (instance, keeper) = started(&assignment("a-1", "a"), belongings);
        keeper.exit(0);
        let words = cause(instance, event);
        assert_eq!(words.contains("console"), is_shown, "{words}");
    }
}

#[test]
fn the_last_message_of_a_lost_guest_is_that_with_which_its_keeper_fails() {
    for (report, expected) in [
        (failed(), Some("why".to_owned())),
        (KeeperReport::Ended(0), None),
    ] {
        let (instance, keeper) = instance();
        keeper.report(&report);
        assert_eq!(instance.last_message_when_lost(), expected);
    }
    // A guest with its own init goes on without a test process.
    let (mut instance, keeper) = instance();
    keeper.report(&failed());
    instance.agent = Some(File::open("/dev/null").unwrap().into());
    assert_eq!(instance.last_message_when_lost(), None);
}

#[test]
fn a_template_is_saved_by_its_keepers_word_only() {
    let (stop, stopping) = stop();
    let saved = |report: Option<KeeperReport>| {
        let (instance, keeper) = instance();
        report.iter().for_each(|report| keeper.report(report));
        keeper.exit(0);
        instance.saved(&stop)
    };
    saved(Some(KeeperReport::Ended(0))).unwrap();
    for (report, expected, is_unbooted) in [
        (Some(failed()), "why", false),
        (
            Some(KeeperReport::Unbooted(Failure::new("a panic"))),
            "a panic",
            true,
        ),
        (
            Some(KeeperReport::Ended(1)),
            "cannot make a template for guest `a`: its keeper exited with code 0",
            false,
        ),
        (
            None,
            "cannot make a template for guest `a`: its keeper exited with code 0",
            false,
        ),
    ] {
        let unrun = saved(report).unwrap_err();
        assert_eq!(unrun.failure.message, expected);
        assert_eq!(unrun.is_unbooted, is_unbooted, "{expected}");
    }
    let (instance, keeper) = instance();
    drop(stopping);
    assert_eq!(
        instance.saved(&stop).unwrap_err().failure.message,
        "cannot make a template for guest `a`: the daemon was stopped"
    );
    assert!(keeper.is_killed());
}

#[test]
fn a_booting_guests_agent_is_watched_by_the_pipe_that_its_keeper_hands_over() {
    let started = |report: KeeperReport| {
        let (mut instance, keeper) = instance();
        keeper.report(&report);
        if report == KeeperReport::Agent {
            handover::send(&keeper.control, &File::open("/dev/null").unwrap().into()).unwrap();
        }
        instance.await_agent().unwrap();
        (instance, keeper)
    };
    let (instance, _keeper) = started(KeeperReport::Agent);
    assert!(instance.agent.is_some() && instance.said.is_none());
    // A keeper that has failed before that has said why, and says nothing more.
    let (instance, keeper) = started(failed());
    assert!(instance.agent.is_none());
    keeper.exit(0);
    assert_eq!(cause(instance, Event::Died), "why");
}

#[test]
fn dropping_an_instance_ends_its_keeper() {
    let (instance, mut keeper) = instance();
    drop(instance);
    assert!(keeper.is_killed());
    assert_eq!(keeper.control.read(&mut [0]).unwrap(), 0);
}
