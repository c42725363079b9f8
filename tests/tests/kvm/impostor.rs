//! A program in the place of QEMU, which executes QEMU except at one start.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program.
pub(crate) struct Impostor {
    pub(crate) path: PathBuf,
    count: PathBuf,
}

impl Impostor {
    /// Makes it in this directory.
    ///
    /// It runs the shell command `deed` in place of QEMU at the start with this number whose
    /// arguments contain these words.
    pub(crate) fn new(directory: &Path, words: &str, number: usize, deed: &str) -> Self {
        let condition = |count: &Path| format!("[ $(wc -l <{}) = {number} ]", count.display());
        Self::that(directory, words, condition, deed)
    }

    /// Does the same, but at the start of the daemon's instance with this number.
    pub(crate) fn of_instance(directory: &Path, words: &str, number: usize, deed: &str) -> Self {
        let condition = |_: &Path| format!("expr \"$*\" : '.*-name [^ ]*-{number} ' >/dev/null");
        Self::that(directory, words, condition, deed)
    }

    /// Makes one that runs the command where this condition holds for the file with its starts.
    fn that(
        directory: &Path,
        words: &str,
        condition: impl FnOnce(&Path) -> String,
        deed: &str,
    ) -> Self {
        let (path, count) = (directory.join("qemu"), directory.join("count"));
        File::create(&count).unwrap();
        // It runs as another user.
        fs::set_permissions(&count, Permissions::from_mode(0o666)).unwrap();
        fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
        let (file, condition) = (count.display(), condition(&count));
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in\n*'{words}'*)\n  echo >>{file}\n  if {condition}; then {deed}; fi;;\nesac\n\
             exec qemu-system-x86_64 \"$@\"\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self { path, count }
    }

    /// Returns how often it has been started with those words.
    pub(crate) fn starts(&self) -> usize {
        fs::read(&self.count).unwrap().len()
    }
}
