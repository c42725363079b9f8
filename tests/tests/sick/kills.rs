//! SIGKILL in the middle of faults, of the test or of the daemon: no test passes, and the guests go
//! with all that is wrong with them.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Command;
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::patience::{self, Running};
use vm_test_tests::process::{await_that, instances};

/// The test of both targets that has faults without end, and what it says when they have begun.
pub(super) const TEST: &str = "it_has_faults_until_something_ends_it";
const BEGUN: &str = "all faults have begun";

/// How long the boot of the guests and the beginning of the faults may take.
const BIRTH: Duration = Duration::from_secs(120);

/// How long guests or a daemon may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Faults begin and end meanwhile, so that a kill may be anywhere in one.
const WINDOW: Duration = Duration::from_secs(1);

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Test,
    Daemon,
}

/// Kills both in turn, at random moments, and compares the host before and after each kill.
pub(super) fn leave_nothing(target: &str, rounds: u32) {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("sick"));
    host.build_images(fixture.directory(), &["sick"]);
    let binary = fixture.binary(&host, target);
    let before = Census::take(&host);
    for round in 0..rounds {
        let victim = [Victim::Test, Victim::Daemon][round as usize % 2];
        let mut command = Command::new(&binary);
        host.adopt(&mut command)
            .args(["--exact", "--ignored", "--nocapture", TEST])
            .current_dir(fixture.directory());
        let running = patience::start(&mut command);
        await_that(BEGUN, BIRTH, || running.errors().contains(BEGUN));
        let moment = WINDOW.mul_f64(fastrand::f64());
        std::thread::sleep(moment);
        assert!(!instances(&host).is_empty());
        kill(victim, &host, &running);
        let finished = running.finish(BIRTH * 2);
        let text = finished.stdout.text() + &finished.stderr.text();
        let round = format!("{victim:?} {moment:?} after the beginning: {text}");
        assert_ne!(finished.code, Some(0), "{round}");
        assert!(!text.contains("1 passed"), "{round}");
        match victim {
            // The guests go at once, not because the daemon ends.
            Victim::Test => {
                await_that("no guest is left", PATIENCE, || instances(&host).is_empty());
                host.stop();
            }
            // The next daemon sweeps when it starts.
            Victim::Daemon => {
                let swept = host.vm_test().arg("gc").status();
                assert!(swept.is_ok_and(|swept| swept.success()), "{round}");
            }
        }
        assert_eq!(before.settle(PATIENCE), [""; 0], "{round}");
    }
}

fn kill(victim: Victim, host: &Host, running: &Running) {
    match victim {
        Victim::Test => {
            let pid = Pid::from_raw(running.pid().cast_signed()).expect("a process id");
            kill_process(pid, Signal::KILL).expect("it is there");
        }
        Victim::Daemon => Daemon::of(host).expect("a daemon").kill(),
    }
}
