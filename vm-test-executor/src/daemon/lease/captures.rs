//! Writes what the networks of a lab have carried to files, beside the logs of the test's run.
//! Guests choose what is in them, and neither their names nor their number.

use super::super::instance::LabKeeper;
use super::super::regular;
use crate::config::lab::Lab;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Capture, Done};
use vm_test_protocol::record::RunEntry;

/// How many captures of one lab there are at most. Each further one replaces the last.
const MOST: usize = 16;

/// Where captures of a lab are written.
#[derive(Debug)]
pub(super) struct Captures {
    /// The lab's own name, with which the names of files begin.
    lab: String,
    entry: Option<RunEntry>,
    /// How many there have been.
    count: AtomicUsize,
}

impl Captures {
    /// Returns where captures of the lab of this own name are written, if it is for a test.
    pub(super) fn of(lab: &str, entry: Option<RunEntry>) -> Self {
        Self {
            lab: lab.to_owned(),
            entry,
            count: AtomicUsize::new(0),
        }
    }

    /// Returns the directory of the run, which is made.
    fn directory(&self) -> io::Result<PathBuf> {
        let Some(entry) = &self.entry else {
            return Err(io::Error::other("cargo's target directory is not known"));
        };
        if !RunEntry::is_run(&entry.run) {
            return Err(ErrorKind::InvalidInput.into());
        }
        let runs = Path::new(&entry.directory).join("runs");
        fs::create_dir_all(&entry.directory)?;
        regular::make_private(&runs)?;
        let logs = runs.join(&entry.run);
        regular::make_private(&logs)?;
        Ok(logs)
    }

    /// Returns the name of the file of a network in the next capture, given its number.
    fn file(&self, number: usize, network: &str) -> String {
        format!("{}.{}.{network}.pcap", self.lab, number.min(MOST))
    }
}

/// Writes what the networks of a lab have carried, to this directory or to that of the test's run.
pub(super) fn write(
    captures: &Captures,
    plan: &Lab,
    keeper: &LabKeeper,
    directory: Option<&str>,
) -> Done {
    let written = (|| {
        let carried = keeper.capture()?;
        let directory = match directory {
            Some(directory) => Ok(PathBuf::from(directory)),
            None => captures.directory(),
        };
        let failed = |error: &io::Error| {
            Failure::new(format!("cannot write them: {error}")).because(Tried::File, error)
        };
        let directory = directory.map_err(|error| failed(&error))?;
        let number = captures.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut files = Vec::new();
        for (carried, bytes) in carried {
            let Some(network) = plan.networks.get(carried.network) else {
                continue;
            };
            let path = directory.join(captures.file(number, &network.name));
            regular::write(&path, &bytes).map_err(|error| failed(&error))?;
            files.push(Capture {
                network: network.name.clone(),
                path: path.to_string_lossy().into_owned(),
                lost: carried.lost,
            });
        }
        Ok(files)
    })();
    written.map_or_else(
        |failure: Failure| {
            let what = format!("cannot capture the frames of lab `{}`", plan.name);
            Done::Failed(failure.reworded(|cause| format!("{what}: {cause}")))
        },
        Done::Captured,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn entry(directory: &Path, run: &str) -> RunEntry {
        RunEntry {
            directory: directory.to_str().unwrap().to_owned(),
            run: run.to_owned(),
            package: "net".to_owned(),
            test: "it_works".to_owned(),
        }
    }

    #[test]
    fn captures_are_beside_the_logs_of_their_run_and_their_number_is_bounded() {
        let target = tempfile::tempdir().unwrap();
        let directory = target.path().join("vm-test");
        let captures = Captures::of("office-1a2b-3", Some(entry(&directory, "run-1")));
        let made = captures.directory().unwrap();
        assert_eq!(made, directory.join("runs/run-1"));
        let mode = fs::metadata(&made).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(captures.file(1, "lan"), "office-1a2b-3.1.lan.pcap");
        assert_eq!(captures.file(99, "lan"), "office-1a2b-3.16.lan.pcap");
    }

    #[test]
    fn without_a_valid_run_there_is_no_place_for_them() {
        let target = tempfile::tempdir().unwrap();
        let none = Captures::of("office-1a2b-3", None);
        let cause = none.directory().unwrap_err().to_string();
        assert_eq!(cause, "cargo's target directory is not known");
        let up = Captures::of("office-1a2b-3", Some(entry(target.path(), "../up")));
        assert!(up.directory().is_err());
    }
}
