//! Where curves are measured: the guest, the fixture's binary and its surroundings, and daemons of
//! which each belongs to one curve or one point.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;

use crate::bench::daemon::Daemon;
use crate::bench::fixture::Fixture;
use crate::bench::twins::Twins;
use crate::command;
use crate::worktree::Worktree;

/// What all curves share.
pub(in crate::bench) struct Place {
    pub(super) guest: &'static str,
    /// Whether that is a VM.
    pub(super) is_machine: bool,
    /// The test binary.
    pub(super) binary: PathBuf,
    program: PathBuf,
    scratch: PathBuf,
    fixture: Fixture,
}

impl Place {
    /// Returns the place for this guest of the fixture, which is a VM if it has an image; that is
    /// built, unless it exists.
    pub(in crate::bench) fn prepare(
        worktree: &Worktree,
        guest: &'static str,
        image: Option<&str>,
        program: &Path,
        binary: &Path,
        scratch: &Path,
    ) -> Result<Self> {
        let place = Self {
            guest,
            is_machine: image.is_some(),
            binary: binary.to_path_buf(),
            program: program.to_path_buf(),
            scratch: scratch.to_path_buf(),
            fixture: Fixture::of(worktree),
        };
        if let Some(image) = image {
            let daemon = place.daemon("images");
            command::run(place.vm_test(&daemon).args(["image", "build", image]))?;
        }
        Ok(place)
    }

    /// Returns a new daemon.
    pub(super) fn daemon(&self, name: &str) -> Rc<Daemon> {
        Daemon::new(&self.program, &self.scratch, name)
    }

    /// Returns the same with room for idle instances.
    pub(super) fn roomy_daemon(&self, name: &str) -> Rc<Daemon> {
        Daemon::with_room(&self.program, &self.scratch, name)
    }

    /// Returns the command `vm-test` for a daemon.
    pub(super) fn vm_test(&self, daemon: &Daemon) -> Command {
        let mut command = daemon.vm_test();
        self.fixture.adopt(&mut command);
        command
    }

    /// Returns a daemon that prepares no spares.
    pub(super) fn daemon_without_spares(&self, name: &str) -> Rc<Daemon> {
        Daemon::without_spares(&self.program, &self.scratch, name)
    }

    /// Returns the test of a binary on the host and on the guest.
    pub(super) fn twins(&self, daemon: &Daemon, binary: &Path) -> Twins {
        self.twins_on(self.guest, daemon, binary)
    }

    /// Returns the same with another guest.
    pub(super) fn twins_on(&self, guest: &str, daemon: &Daemon, binary: &Path) -> Twins {
        let test = |name| self.test(name, guest, daemon, binary);
        Twins::new(test("local"), test("on_guest"))
    }

    /// Returns a test of a binary, as nextest runs it.
    pub(super) fn test(&self, name: &str, guest: &str, daemon: &Daemon, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        self.fixture
            .adopt(daemon.adopt(&mut command))
            .args(["--exact", name, "--nocapture"])
            .env("VM_TEST_GUEST", guest);
        command
    }
}
