//! The same test on the host and on a guest, one beside the other, so that a change of the
//! machine's speed concerns both. Knows their commands only.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::contestant::{run, silence, time_of};
use super::curve::Pair;
use super::rollback;

/// The commands of both.
pub(super) struct Twins {
    local: Command,
    on_guest: Command,
}

impl Twins {
    /// Returns the twins with these commands.
    pub(super) fn new(mut local: Command, mut on_guest: Command) -> Self {
        silence(&mut local);
        silence(&mut on_guest);
        Self { local, on_guest }
    }

    /// Runs both, and returns how long each took.
    pub(super) fn take(&mut self) -> Result<Pair> {
        let local = time_of(&mut self.local)?;
        Ok((local, self.on_guest()?))
    }

    /// Runs both, the one on the guest before the other, and returns how long each took.
    pub(super) fn take_guest_first(&mut self) -> Result<Pair> {
        let on_guest = self.on_guest()?;
        Ok((time_of(&mut self.local)?, on_guest))
    }

    /// Runs the one on the guest alone.
    ///
    /// It fails if it finds what another one has left: so each run, and one after the last sample,
    /// sees whether those before it were rolled back.
    pub(super) fn on_guest(&mut self) -> Result<Duration> {
        let time = time_of(&mut self.on_guest).context(
            "a test on a guest has failed: it may have found the mark of another, so that no sample counts",
        )?;
        rollback::ensure()?;
        Ok(time)
    }

    /// Runs both once: the first run fills caches.
    pub(super) fn warm_up(&mut self) -> Result<()> {
        run(&mut self.local)?;
        self.on_guest().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn both_are_measured_one_after_the_other() {
        let mut twins = Twins::new(shell("sleep 0.01"), shell("sleep 0.05"));
        twins.warm_up().unwrap();
        let (local, on_guest) = twins.take().unwrap();
        assert!(local >= Duration::from_millis(10));
        assert!(on_guest >= Duration::from_millis(50));
        let (local, on_guest) = twins.take_guest_first().unwrap();
        assert!(local < on_guest, "{local:?} {on_guest:?}");
    }

    #[test]
    fn a_sample_that_was_not_rolled_back_ends_the_measurement() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        let path = mark.display();
        let mut twins = Twins::new(shell("true"), shell(&format!("set -C; true > {path}")));
        twins.take().unwrap();
        let error = format!("{:#}", twins.take().unwrap_err());
        assert!(error.contains("no sample counts"), "{error}");
        std::fs::remove_file(&mark).unwrap();
        twins.take().unwrap();
    }
}
