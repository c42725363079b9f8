//! What a command needs of the host's files: its program with its libraries, its workspace, and the
//! directories around it. Only looks.

use super::super::{library_path, workspace};
use super::Command;
use super::manifest::manifest_dir;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Every guest has its own; the host's would make no sense there.
const NOT_SHARED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Except for what users put here, which is theirs.
const MEMORY: &str = "/dev/shm";

/// Where a system keeps its programs: a guest has its own there.
const SYSTEM: [&str; 6] = ["/bin", "/lib", "/lib64", "/opt", "/sbin", "/usr"];

impl Command<'_> {
    /// Declares the command a test binary that cargo has not started. Its package may be unknown.
    pub(in super::super) fn test_of(&mut self, package: Option<&Path>, binary: &Path) {
        self.package = package.map(Path::to_path_buf);
        self.libraries = Some(library_path::of(binary));
    }

    /// Returns the root of the workspace that the test belongs to.
    pub(super) fn workspace(&self) -> Option<PathBuf> {
        let said = || std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = self.package.clone().or_else(said)?;
        Some(workspace::root(&package))
    }

    /// Returns where the loader looks for the libraries of the program that is brought.
    pub(super) fn library_path(&self) -> OsString {
        let said = || std::env::var_os(library_path::VARIABLE).unwrap_or_default();
        self.libraries.clone().unwrap_or_else(said)
    }

    /// Returns the program if it is a file of the host, outside the system's directories.
    pub(super) fn host_program(&self) -> Option<String> {
        let program = self.brought.as_ref().unwrap_or(&self.program);
        let is_path = program.contains('/');
        let program = Path::new(&self.directory).join(program);
        let is_one = is_path
            && program.is_file()
            && !SYSTEM.iter().any(|system| program.starts_with(system));
        is_one.then(|| program.to_str().map(str::to_owned))?
    }

    /// Returns the index of the word that is a host program, which the guest's own libraries may
    /// not suit.
    pub(super) fn word_of_host(&self) -> Option<u32> {
        match &self.brought {
            Some(brought) if *brought != self.program => {
                let number = self.words.iter().position(|word| word == brought.as_str());
                number.and_then(|number| u32::try_from(number).ok())
            }
            Some(_) => Some(0),
            None => self.host_program().map(|_| 0),
        }
    }

    /// Returns the directories that the guest needs at the same path: the workspace, that of the
    /// program, the working directory.
    pub(in super::super) fn shares(&self) -> Vec<String> {
        let mut shares = vec![PathBuf::from(&self.directory)];
        let manifest_dir = manifest_dir();
        if manifest_dir
            .ancestors()
            .any(|dir| dir.join("Cargo.toml").is_file())
        {
            shares.push(workspace::root(&manifest_dir));
        }
        if let Some(program) = self.host_program() {
            shares.extend(vm_test_runtime::cargo::directories(Path::new(&program)));
        }
        shares
            .iter()
            .filter_map(|dir| dir.canonicalize().ok())
            .filter(|dir| {
                dir.starts_with(MEMORY) || !NOT_SHARED.iter().any(|own| dir.starts_with(own))
            })
            .filter_map(|dir| dir.to_str().map(str::to_owned))
            .collect()
    }
}
