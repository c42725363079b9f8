//! What a job leaves for the host: makes room for it before the job starts, and sends it once the job is over. Which
//! file of the host it becomes is the host's business.

mod counters;
mod find;
mod send;

use crate::elf;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};
use vm_test::protocol::agent::Job;
use vm_test::protocol::harvest::{
    ENV_ARTIFACTS, ENV_PROFILE, FileKind, HARVEST_TIME, Profiles, Wanted,
};

use super::stream::Host;
use send::Sender;

/// Where artifacts are.
const ARTIFACTS: &str = "/run/vm-test/artifacts";

/// Where coverage profiles are: a directory of the guest's own, since its process ids are those of every other guest.
const PROFILES: &str = "/run/vm-test/profiles";

/// The host gives up a little later.
const TIME: std::time::Duration = HARVEST_TIME.saturating_sub(std::time::Duration::from_secs(5));

/// What is to be brought from one job.
#[derive(Debug)]
pub(super) struct Harvest {
    wanted: Wanted,
    began: SystemTime,
}

impl Harvest {
    /// Makes the directories that the job finds.
    pub(super) fn prepare(job: &Job) -> io::Result<Self> {
        let mut wanted = job.wanted.clone();
        if wanted.profiles == Profiles::IfInstrumented {
            let is_instrumented = elf::has_section(Path::new(&job.program), counters::COUNTERS);
            wanted.profiles = match is_instrumented {
                Ok(true) => Profiles::All { continuous: false },
                _ => Profiles::None,
            };
        }
        if wanted.profiles != Profiles::None {
            make_for_all(PROFILES)?;
        }
        if wanted.artifacts {
            make_for_all(ARTIFACTS)?;
        }
        Ok(Self {
            wanted,
            began: SystemTime::now(),
        })
    }

    /// What the job finds in its environment.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if self.wanted.artifacts {
            variables.push((ENV_ARTIFACTS, ARTIFACTS.to_owned()));
        }
        if let Profiles::All { continuous } = self.wanted.profiles {
            let mode = if continuous { "%c" } else { "" };
            variables.push((ENV_PROFILE, format!("{PROFILES}/%p-%m{mode}.profraw")));
        }
        variables
    }

    /// Writes down what the processes of the guest have executed so far, before they go with it.
    pub(super) fn save_counters(&self) {
        if let Profiles::All { continuous: false } = self.wanted.profiles {
            counters::save(Path::new(PROFILES));
        }
    }

    /// Sends everything, until there is too much of it or the time is up.
    pub(super) fn bring(&self, host: &mut Host) -> io::Result<()> {
        let mut sender = Sender::new(host, Instant::now() + TIME);
        if self.wanted.profiles != Profiles::None {
            // Children may outlive the test, and will not get to it any more.
            self.save_counters();
            for file in find::profiles(Path::new(PROFILES)) {
                sender.send(FileKind::Profile, Path::new(PROFILES), &file)?;
            }
        }
        if self.wanted.artifacts {
            find::all(Path::new(ARTIFACTS), &mut |relative| {
                sender.send(FileKind::Artifact, Path::new(ARTIFACTS), relative)
            })?;
        }
        if let Some(exports) = &self.wanted.exports {
            let root = PathBuf::from(&exports.root);
            find::changed(&root, &exports.patterns, self.began, &mut |relative| {
                sender.send(FileKind::Export, &root, relative)
            })?;
        }
        sender.finish()
    }
}

/// Makes a directory that every user of the guest may write to.
fn make_for_all(path: &str) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o1777))
}
