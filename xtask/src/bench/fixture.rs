//! The fixture whose tests the bench runs: its directory, and the store with the images of its
//! guests. Knows no daemon.

use std::path::PathBuf;
use std::process::Command;

use crate::worktree::Worktree;

/// Where the fixture's tests run.
#[derive(Clone)]
pub(super) struct Fixture {
    directory: PathBuf,
    store: PathBuf,
}

impl Fixture {
    pub(super) fn of(worktree: &Worktree) -> Self {
        Self {
            directory: worktree.root.join("tests/fixtures/speed"),
            store: worktree.target().join("suites-store"),
        }
    }

    /// Has the command run as one of the fixture's.
    pub(super) fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.directory)
            // cargo has set it to the package of this program.
            .env("CARGO_MANIFEST_DIR", &self.directory)
            .env("VM_TEST_STORE", &self.store)
    }
}
