//! What is to be brought from one job: its directories are prepared before the job starts, and its
//! files are sent once the job is over, or stay until the host asks for those of all jobs.

use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use vm_test_protocol::agent::Job;
use vm_test_protocol::harvest::{
    ENV_ARTIFACTS, ENV_PROFILE, FileKind, HARVEST_TIME, Profiles, Wanted,
};

use super::super::stream::Host;
use super::counters;
use super::find::{self, MOST_ENTRIES, Seen};
use super::send::Sender;

/// The directory for artifacts.
const ARTIFACTS: &str = "/run/vm-test/artifacts";

/// The directory for coverage profiles. It is new in every guest, since process ids repeat from
/// guest to guest.
const PROFILES: &str = "/run/vm-test/profiles";

/// How long collecting may take. The host gives up a little later.
const TIME: Duration = HARVEST_TIME.saturating_sub(Duration::from_secs(5));

/// How long counters may be read from memory, for one job in total.
///
/// The host waits meanwhile for a report of the job's end, and gives up after ten seconds.
const COUNTING: Duration = Duration::from_secs(2);

/// What is collected from one job.
#[derive(Debug)]
pub(in super::super) struct Harvest {
    wanted: Wanted,
    began: SystemTime,
    /// What is left of [`COUNTING`].
    counting: Cell<Duration>,
}

impl Harvest {
    /// Makes the directories for the job.
    pub(in super::super) fn prepare(job: &Job) -> io::Result<Self> {
        let wanted = job.wanted.clone();
        if wanted.profiles != Profiles::None {
            make_for_all(PROFILES)?;
        }
        if wanted.artifacts {
            make_for_all(ARTIFACTS)?;
        }
        Ok(Self {
            wanted,
            began: SystemTime::now(),
            counting: Cell::new(COUNTING),
        })
    }

    /// Returns what jobs have left that is still here.
    pub(in super::super) fn left(wanted: Wanted) -> Self {
        Self {
            wanted,
            began: SystemTime::now(),
            counting: Cell::new(COUNTING),
        }
    }

    /// Returns whether the files stay until they are asked for.
    pub(in super::super) fn stays(&self) -> bool {
        self.wanted.stay
    }

    /// Returns whether there is anything in the directory for artifacts.
    pub(in super::super) fn has_artifacts() -> bool {
        fs::read_dir(ARTIFACTS).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Saves what has been executed so far, before its processes are killed, unless they are killed
    /// as they may be anywhere.
    pub(in super::super) fn save_what_stays(&self) {
        if self.stays() {
            self.save_counters();
        }
    }

    /// Returns the variables that tell the job about them.
    pub(in super::super) fn environment(&self) -> Vec<(&'static str, String)> {
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

    /// Saves what the guest's processes have executed so far, before they are killed.
    pub(in super::super) fn save_counters(&self) {
        if let Profiles::All { continuous: false } = self.wanted.profiles {
            let (began, left) = (Instant::now(), self.counting.get());
            counters::save(Path::new(PROFILES), left);
            self.counting.set(left.saturating_sub(began.elapsed()));
        }
    }

    /// Sends everything, until there is too much or the time is up.
    pub(in super::super) fn bring(&self, host: &mut Host) -> io::Result<()> {
        let mut sender = Sender::new(host, Instant::now() + TIME);
        if self.wanted.profiles != Profiles::None {
            // Children that outlive the test will not be able to write their own.
            self.save_counters();
            let found = find::profiles(Path::new(PROFILES));
            for file in counters::without_doubles(Path::new(PROFILES), found) {
                sender.send(FileKind::Profile, Path::new(PROFILES), &file)?;
            }
        }
        if self.wanted.artifacts {
            let whole = find::all(Path::new(ARTIFACTS), MOST_ENTRIES, &mut |relative| {
                sender.send(FileKind::Artifact, Path::new(ARTIFACTS), relative)
            })?;
            if whole == Seen::Part {
                sender.keep_rest(FileKind::Artifact, "its artifacts")?;
            }
        }
        if let Some(exports) = &self.wanted.exports {
            let root = PathBuf::from(&exports.root);
            let (patterns, began) = (&exports.patterns, self.began);
            let whole = find::changed(&root, patterns, began, MOST_ENTRIES, &mut |relative| {
                sender.send(FileKind::Export, &root, relative)
            })?;
            if whole == Seen::Part {
                sender.keep_rest(FileKind::Export, "the workspace")?;
            }
        }
        sender.finish()
    }
}

/// Makes a directory that every user of the guest may write to.
fn make_for_all(path: &str) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o1777))
}
