//! A daemon for the bench: its directory, its environment, whether a spare is ready. Measures
//! nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command;

/// How long it stays without a lease: longer than any pause between two tests.
const IDLE: (&str, &str) = ("VM_TEST_IDLE_SECONDS", "600");

/// Disables spares.
const NO_SPARES: (&str, &str) = ("VM_TEST_SPARE_SECONDS", "0");

/// Room for all instances that anything here starts: by default, it ends with those that do nothing
/// but take their share.
const ROOM: [(&str, &str); 2] = [
    ("VM_TEST_CPU_BUDGET", "64"),
    ("VM_TEST_MEMORY_BUDGET", "64G"),
];

/// How long a VM may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often to check whether it is.
const GLANCE: Duration = Duration::from_millis(50);

/// A daemon, which starts with its first test and is stopped when this is dropped.
pub(crate) struct Daemon {
    program: PathBuf,
    runtime: PathBuf,
    prepares: bool,
    is_roomy: bool,
}

impl Daemon {
    /// Returns a daemon with the defaults: while a test has its VM, it prepares a spare for the
    /// next one.
    pub(crate) fn new(program: &Path, scratch: &Path, name: &str) -> Rc<Self> {
        Rc::new(Self::of(program, scratch, name, true))
    }

    /// Returns a daemon that prepares no spares.
    pub(crate) fn without_spares(program: &Path, scratch: &Path, name: &str) -> Rc<Self> {
        Rc::new(Self::of(program, scratch, name, false))
    }

    /// Returns a daemon with spares and with room for many idle instances.
    pub(crate) fn with_room(program: &Path, scratch: &Path, name: &str) -> Rc<Self> {
        let mut daemon = Self::of(program, scratch, name, true);
        daemon.is_roomy = true;
        Rc::new(daemon)
    }

    fn of(program: &Path, scratch: &Path, name: &str, prepares: bool) -> Self {
        Self {
            program: program.to_path_buf(),
            runtime: scratch.join(name),
            prepares,
            is_roomy: false,
        }
    }

    /// Makes the command use this daemon.
    pub(crate) fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let (idle, seconds) = IDLE;
        command
            .env("VM_TEST_BIN", &self.program)
            .env("VM_TEST_RUNTIME_DIR", &self.runtime)
            // What one daemon has ready must not make another one's test wait.
            .env("VM_TEST_CLAIMS_DIR", self.runtime.with_extension("claims"))
            .env(idle, seconds)
            .envs((!self.prepares).then_some(NO_SPARES))
            .envs(self.is_roomy.then_some(ROOM).into_iter().flatten())
    }

    /// Returns the command `vm-test` for this daemon.
    pub(crate) fn vm_test(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.adopt(&mut command);
        command
    }

    /// Waits until a spare is ready for the next test; returns an error if none becomes ready.
    pub(crate) fn await_spare(&self) -> Result<()> {
        let limit = Instant::now() + PATIENCE;
        while Instant::now() < limit {
            let report = command::capture(self.vm_test().args(["ps", "--json"]))?;
            if spares(&report)? > 0 {
                return Ok(());
            }
            thread::sleep(GLANCE);
        }
        bail!(
            "cannot measure: no machine was prepared within {} s",
            PATIENCE.as_secs()
        )
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.runtime.exists() {
            return;
        }
        if let Err(error) = command::capture(self.vm_test().arg("stop")) {
            println!("a daemon of this run is left: {error:#}");
        }
    }
}

/// Returns how many spares are ready, from the output of `vm-test ps --json`.
fn spares(report: &str) -> Result<u64> {
    let report: Value = serde_json::from_str(report)?;
    let daemons = report["daemons"]
        .as_array()
        .context("cannot find the daemons in what `vm-test ps` says")?;
    Ok(daemons.iter().filter_map(|it| it["spares"].as_u64()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_are_ready_are_counted() {
        let count = |daemons: &str| spares(&format!(r#"{{"daemons": {daemons}}}"#)).unwrap();
        assert_eq!(count("[]"), 0);
        assert_eq!(count(r#"[{"spares": 0}]"#), 0);
        assert_eq!(count(r#"[{"spares": 2}]"#), 2);
        assert!(spares("{}").is_err());
    }

    #[test]
    fn only_a_daemon_that_prepares_none_or_has_room_is_told_so() {
        let told = |daemon: &Daemon, variable: &str| {
            let mut command = Command::new("true");
            daemon.adopt(&mut command);
            let mut names = command.get_envs().map(|(name, _)| name.to_owned());
            names.any(|name| name == variable)
        };
        let (program, scratch) = (Path::new("/none/vm-test"), Path::new("/none"));
        let daemons = [
            Daemon::new(program, scratch, "a"),
            Daemon::without_spares(program, scratch, "b"),
            Daemon::with_room(program, scratch, "c"),
        ];
        let told = |variable| daemons.each_ref().map(|daemon| told(daemon, variable));
        assert_eq!(told(NO_SPARES.0), [false, true, false]);
        for (variable, _) in ROOM {
            assert_eq!(told(variable), [false, false, true]);
        }
    }
}
