//! The fixture's test binaries, and a store of their own in which no set-up has run. Expects
//! nothing of a test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::process::{Finished, Running};
use vm_test_tests::workshop::Workshop;

/// The image of the guest that most tests are on: nothing but a few programs of this host.
const IMAGE: &str = "small";

/// What every set-up of the fixture prints that can be counted.
const SAID: &str = "the set-up runs\n";

/// A store, a daemon, and the fixture.
pub(crate) struct Bench {
    pub(crate) workshop: Workshop,
    pub(crate) fixture: Fixture,
}

impl Bench {
    /// Returns a bench whose store has the image.
    pub(crate) fn new() -> Self {
        let workshop = Workshop::new();
        workshop.recipe(IMAGE, "");
        workshop.run(&["image", "build", IMAGE]);
        Self {
            workshop,
            fixture: Fixture::new("setups"),
        }
    }

    /// Returns a command of cargo that uses this store.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.fixture.cargo(&self.workshop.host, args);
        command.env("VM_TEST_STORE", self.workshop.store());
        command
    }

    /// Returns one of the fixture's test binaries.
    pub(crate) fn binary(&self, target: &str) -> PathBuf {
        self.fixture.binary(&self.workshop.host, target)
    }

    /// Starts the tests of a binary whose names contain `filter`, in the run of the tests with this
    /// name.
    pub(crate) fn start(&self, binary: &Path, filter: &str, run: &str) -> Running {
        let mut command = Command::new(binary);
        self.workshop.host.adopt(&mut command);
        command
            .args([filter, "--nocapture"])
            .env("VM_TEST_STORE", self.workshop.store())
            .env("NEXTEST_RUN_ID", run)
            .current_dir(self.fixture.directory());
        Running::start(&mut command)
    }

    /// Runs them to their end.
    pub(crate) fn run(&self, binary: &Path, filter: &str, run: &str) -> Finished {
        self.start(binary, filter, run).finish()
    }

    /// Returns the names of the images in the store that set-ups have made.
    pub(crate) fn results(&self) -> Vec<String> {
        let list = self.workshop.json(&["image", "list", "--json"]);
        let names = list.as_array().unwrap().iter().map(|it| &it["name"]);
        let names = names.map(|name| name.as_str().unwrap().to_owned());
        names.filter(|name| name != IMAGE).collect()
    }

    /// Returns what is being made in the store.
    pub(crate) fn unfinished(&self) -> Vec<PathBuf> {
        let building = self.workshop.store().join("building");
        let entries = fs::read_dir(building).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// Returns how often a set-up has run, by what it has printed.
pub(crate) fn count(text: &str) -> usize {
    text.matches(SAID).count()
}
