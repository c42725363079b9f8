//! Guests whose root does its worst. What they try is in the fixture; here is what must have become of the host, of other
//! guests, and of the verdicts.

#[path = "hostile/canary.rs"]
mod canary;

use canary::Canary;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// How long the host may take to be as it was.
const PATIENCE: Duration = Duration::from_secs(5);

/// Some of the attacks use all that the machine has.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// A host, what is attacked on it, and the attackers.
struct Arena {
    host: Host,
    canary: Canary,
    fixture: Fixture,
    before: Census,
    _alone: MutexGuard<'static, ()>,
}

impl Arena {
    fn new() -> Self {
        let alone = alone();
        let host = Host::new();
        let fixture = Fixture::new("hostile");
        fixture.build(&host);
        let canary = Canary::new();
        Self {
            before: Census::take(&host),
            canary,
            fixture,
            host,
            _alone: alone,
        }
    }

    /// A run of attacks: cargo's arguments, and those of the test binary.
    fn run(&self, args: &[&str]) -> Command {
        let mut command = self
            .fixture
            .cargo(&self.host, &["test", "--test", "hostile"]);
        self.canary.expose(&self.host, &mut command);
        command.arg("--").args(args);
        command
    }

    /// Asserts that nothing of the host was changed or reached.
    #[track_caller]
    fn assert_unharmed(mut self) {
        let mut changes = self.canary.changes();
        for entry in fs::read_dir(self.host.runtime())
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            if text.contains("vandalized") {
                changes.push(format!("{} was written to", entry.path().display()));
            }
        }
        if let Some(daemon) = Daemon::of(&self.host) {
            daemon.terminate();
        }
        changes.extend(self.before.settle(PATIENCE));
        assert_eq!(changes, [""; 0]);
    }
}

/// What libtest says of a test, and what the test's report says.
#[track_caller]
fn assert_failed_for(text: &str, test: &str, reasons: &[&str]) {
    let failed = text.contains(&format!("test {test} ... FAILED"));
    assert!(failed, "{test} did not fail:\n{text}");
    let heading = format!("---- {test} stdout ----\n");
    let section = text.split_once(&heading).map_or("", |(_, section)| section);
    let section = section.split("\n---- ").next().unwrap_or_default();
    let told = reasons.iter().any(|reason| section.contains(reason));
    assert!(told, "{test} did not fail for one of {reasons:?}:\n{text}");
}

#[test]
fn no_attack_on_the_host_has_any_effect_on_it() {
    let arena = Arena::new();
    let output = arena
        .run(&["--test-threads", "4"])
        .output()
        .expect("cargo starts");
    arena.assert_unharmed();
    assert!(output.status.success(), "{}", text_of(&output));
}

#[test]
fn bombs_of_processes_end_with_their_tests_and_hurt_no_other() {
    let arena = Arena::new();
    for bomb in [
        "limits::forks_without_end",
        "limits::leaves_dead_orphans_without_end",
    ] {
        let siblings = [
            "others::one_guest_keeps_what_it_has_while_another_looks_for_it",
            "others::another_guest_keeps_what_it_has_while_the_first_looks_for_it",
            "processes::only_processes_of_the_guest_can_be_seen",
        ];
        let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "4", bomb]);
        let began = Instant::now();
        let output = command.args(siblings).output().expect("cargo starts");
        let took = began.elapsed();
        let text = text_of(&output);
        // It ends at all, and not only with the run: how soon depends on what else the machine does.
        assert!(took < Duration::from_secs(60), "{took:?}:\n{text}");
        let reasons = [
            "the test did not end within 2s and was killed",
            "the guest did not answer for 5s after the time limit of 2000 ms",
            "the guest ran out of memory",
        ];
        assert_failed_for(&text, bomb, &reasons);
        for sibling in siblings {
            assert!(text.contains(&format!("test {sibling} ... ok")), "{text}");
        }
    }
    arena.assert_unharmed();
}

#[test]
fn what_fills_memory_is_ended_whether_it_is_called_a_file_or_not() {
    let arena = Arena::new();
    let mut fillers = vec![
        "limits::fills_every_file_system_there_is",
        "limits::fills_a_file_system_of_its_own",
    ];
    let many = "limits::many_processes_together_get_no_more_memory_than_there_is";
    let nameless = "limits::fills_memory_that_is_a_file_without_a_name";
    // Where no control group holds the limit, the agent does. It ends the whole job, and memory that is no process's and
    // has no name it does not see; of that the host's own out-of-memory killer takes care, and tests are what it takes.
    let groups = rustix::process::getuid().is_root();
    fillers.push(if groups { nameless } else { many });
    let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "4"]);
    command.args(&fillers);
    if groups {
        command.arg(many);
    }
    let output = command.output().expect("cargo starts");
    let text = text_of(&output);
    assert!(!text.contains("no limit"), "{text}");
    if groups {
        assert!(text.contains(&format!("test {many} ... ok")), "{text}");
    }
    for filler in fillers {
        assert_failed_for(&text, filler, &["the guest ran out of memory (128 MiB)"]);
    }
    arena.assert_unharmed();
}

#[test]
fn only_the_body_itself_can_give_its_verdict() {
    let arena = Arena::new();
    let exited = "no verdict: the test process exited with code 0 before the test ended";
    let forgers = [
        ("agent::forges_a_verdict_and_exits_without_one", exited),
        ("agent::forges_a_verdict_and_panics", "the body's own word"),
        ("agent::has_a_child_pass_in_its_place", exited),
    ];
    let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "3"]);
    let output = command
        .args(forgers.map(|(test, _)| test))
        .output()
        .expect("cargo starts");
    let text = text_of(&output);
    for (test, reason) in forgers {
        assert_failed_for(&text, test, &[reason]);
    }
    arena.assert_unharmed();
}

#[test]
fn whoever_takes_the_agents_place_fails_its_own_test_and_hangs_nothing() {
    let arena = Arena::new();
    let silent = ["the guest did not answer for 5s after the time limit of 1000 ms"].as_slice();
    let robbers: [(&str, &[&str]); 7] = [
        ("agent::stops_the_agent_with_a_debugger", silent),
        (
            "stream::floods_its_test_process_with_frames_for_ever",
            silent,
        ),
        ("stream::sends_one_frame_byte_by_byte_for_ever", silent),
        (
            "stream::sends_a_frame_that_is_larger_than_all_memory",
            &["frame too large"],
        ),
        (
            // The daemon may see it first.
            "stream::closes_its_stream_and_stays",
            &["the guest has closed the connection", "was given up"],
        ),
        (
            "agent::reboots_the_machine",
            &["died: its first process exited with code 1"],
        ),
        (
            "agent::reboots_the_machine_without_a_trace",
            &["the guest was restarted"],
        ),
    ];
    let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "7"]);
    let began = Instant::now();
    let output = command
        .args(robbers.map(|(test, _)| test))
        .output()
        .expect("cargo starts");
    let text = text_of(&output);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}:\n{text}");
    for (test, reasons) in robbers {
        assert_failed_for(&text, test, reasons);
    }
    arena.assert_unharmed();
}

#[test]
fn output_without_end_is_not_kept_without_end() {
    let arena = Arena::new();
    let test = "stream::floods_its_test_process_with_output_for_ever";
    let mut log = tempfile::tempfile().expect("a temporary file");
    let mut command = arena.run(&["--exact", "--include-ignored", test]);
    command.stdout(log.try_clone().expect("its descriptor"));
    let status = command.status().expect("cargo starts");
    assert!(!status.success());
    // What comes before is the flood.
    let length = log.seek(SeekFrom::End(-2_000)).expect("a long log") + 2_000;
    let mut end = Vec::new();
    log.read_to_end(&mut end).expect("the end of the log");
    let end = String::from_utf8_lossy(&end);
    assert!(end.contains("more than 257 MiB of output"), "{end}");
    assert!(length < 300 << 20, "{length} bytes");
    arena.assert_unharmed();
}
