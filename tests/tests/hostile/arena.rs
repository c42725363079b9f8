//! A host, what is attacked on it, and the attackers. Starts attacks, but knows none.

use super::canary::Canary;
use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// How long the host may take to be as it was.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a run of attackers may take, multiplied by the place's factor: none waits for more than
/// its own time limit.
const LIMIT: Duration = Duration::from_secs(180);

/// Some of the attacks use everything that the host has.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits until no other test of this process runs.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// A host, what is attacked on it, and the attackers.
pub(crate) struct Arena {
    host: Host,
    canary: Canary,
    fixture: Fixture,
    before: Census,
    _alone: MutexGuard<'static, ()>,
}

impl Arena {
    pub(crate) fn new(place: Place) -> Self {
        let alone = alone();
        let host = place.host();
        let fixture = Fixture::new("hostile");
        fixture.build(&host);
        let canary = Canary::new(place, &host, &fixture);
        Self {
            before: Census::take(&host),
            canary,
            fixture,
            host,
            _alone: alone,
        }
    }

    /// Returns a run of attacks, with these arguments for the test binary.
    pub(crate) fn run(&self, args: &[&str]) -> Command {
        let mut command = self
            .fixture
            .cargo(&self.host, &["test", "--test", "hostile"]);
        self.canary.expose(&self.host, &mut command);
        command.arg("--").args(args);
        command
    }

    /// Asserts that nothing on the host was changed or reached.
    #[track_caller]
    pub(crate) fn assert_unharmed(mut self) {
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

/// Returns how long a run of attackers may take here.
pub(crate) fn limit(place: Place) -> Duration {
    LIMIT * place.factor()
}

/// Asserts that a test failed for one of these reasons, as libtest and the test's report say.
#[track_caller]
pub(crate) fn assert_failed_for(place: Place, text: &str, test: &str, reasons: &[&str]) {
    let failed = text.contains(&format!("test {test} ... FAILED"));
    assert!(failed, "{test} did not fail:\n{text}");
    let heading = format!("---- {test} stdout ----\n");
    let section = text.split_once(&heading).map_or("", |(_, section)| section);
    let section = section.split("\n---- ").next().unwrap_or_default();
    let reasons = reasons.iter().map(|reason| place.fill(reason));
    let reasons: Vec<_> = reasons.collect();
    let told = reasons.iter().any(|reason| section.contains(reason));
    assert!(told, "{test} did not fail for one of {reasons:?}:\n{text}");
}
