//! Guests whose root does its worst. What they try is in the fixture; here is what must have become of the host, of other
//! guests, and of the verdicts.

#[path = "hostile/canary.rs"]
mod canary;

use canary::Canary;
use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
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
