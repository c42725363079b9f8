//! What a command needs of the host's files: its program, and the directories around it. Only looks.

use super::{Command, manifest_dir};
use std::path::{Path, PathBuf};

/// What every guest has of its own; the host's would make no sense there.
const NOT_SHARED: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Where programs belong to a system: a guest has its own there.
const SYSTEM: [&str; 6] = ["/bin", "/lib", "/lib64", "/opt", "/sbin", "/usr"];

impl Command<'_> {
    /// The program, if it is a file of the host that no system has.
    pub(super) fn host_program(&self) -> Option<String> {
        let program = self.brought.as_ref().unwrap_or(&self.program);
        let is_path = program.contains('/');
        let program = Path::new(&self.directory).join(program);
        let is_one = is_path
            && program.is_file()
            && !SYSTEM.iter().any(|system| program.starts_with(system));
        is_one.then(|| program.to_str().map(str::to_owned))?
    }

    /// Which word is a program of the host's, so that the guest's own libraries may not do for it.
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

    /// The directories that the guest needs at their own path: the workspace, the command's, the working directory.
    pub(in super::super) fn shares(&self) -> Vec<String> {
        let mut shares = vec![PathBuf::from(&self.directory)];
        let manifest_dir = manifest_dir();
        let root = manifest_dir
            .ancestors()
            .find(|dir| dir.join("Cargo.lock").is_file());
        shares.extend(root.map(Path::to_path_buf));
        let program = self.host_program();
        if let Some(dir) = program
            .as_deref()
            .and_then(|program| Path::new(program).parent())
        {
            // In target/PROFILE/deps: the binaries of the package are one higher.
            let profile = dir.parent().filter(|_| dir.ends_with("deps"));
            shares.push(profile.unwrap_or(dir).to_path_buf());
        }
        shares
            .iter()
            .filter_map(|dir| dir.canonicalize().ok())
            .filter(|dir| !NOT_SHARED.iter().any(|own| dir.starts_with(own)))
            .filter_map(|dir| dir.to_str().map(str::to_owned))
            .collect()
    }
}
