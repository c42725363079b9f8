//! Whether a directory that guests share has files whose owners no guest has. Looks once in a while:
//! otherwise every test would wait for it.

use crate::host::idmaps::IdMaps;
use crate::keeper::has_any;
use crate::sync;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long what was seen counts: as long as a spare waits, which does not see later files either.
const TIME: Duration = Duration::from_secs(10);

/// What was seen in directories, and when.
#[derive(Debug, Default)]
pub(crate) struct Foreign(Mutex<HashMap<PathBuf, (Instant, bool)>>);

impl Foreign {
    /// Returns whether there is such a file in a directory.
    pub(super) fn is_in(&self, directory: &Path, maps: &IdMaps) -> bool {
        let known = {
            let mut seen = sync::lock(&self.0);
            seen.retain(|_, (when, _)| when.elapsed() < TIME);
            seen.get(directory).map(|(_, is_there)| *is_there)
        };
        known.unwrap_or_else(|| {
            let is_there = has_any(directory, |user, group| !maps.are_mapped(user, group));
            let mut seen = sync::lock(&self.0);
            seen.insert(directory.to_path_buf(), (Instant::now(), is_there));
            is_there
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::idmaps::Source;
    use rustix::process::{getgid, getuid};

    #[test]
    fn a_directory_is_looked_at_once_in_a_while() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        let own = (getuid().as_raw(), getgid().as_raw());
        let mine = IdMaps {
            source: Source::Root,
        };
        let others = IdMaps {
            source: Source::Subordinate {
                users: (own.0 + 1, 0),
                groups: (own.1 + 1, 0),
            },
        };
        let foreign = Foreign::default();
        assert!(
            !foreign.is_in(dir.path(), &others),
            "the user's own ids are mapped"
        );
        if own == (0, 0) {
            let path = dir.path().join("file");
            std::os::unix::fs::chown(&path, Some(1 << 20), None).unwrap();
            assert!(
                !foreign.is_in(dir.path(), &mine),
                "it was looked at just now"
            );
            assert!(Foreign::default().is_in(dir.path(), &mine));
        }
    }
}
