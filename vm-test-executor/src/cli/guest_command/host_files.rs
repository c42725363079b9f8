//! What a command needs of the host's files: its program with its libraries, its workspace, and the
//! directories around it. Only looks.

use super::super::{library_path, workspace};
use super::Command;
use super::manifest::manifest_dir;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
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

    /// Returns the host programs that the guest must be able to run.
    pub(super) fn programs(&self) -> Vec<String> {
        let own = self.brought.clone().or_else(|| self.host_program());
        let wrapped = self.wrapped_programs().into_iter();
        let wrapped = wrapped.filter_map(|path| path.to_str().map(str::to_owned));
        own.into_iter().chain(wrapped).collect()
    }

    /// Returns the programs that cargo has built and that a wrapper starts: paths in its arguments,
    /// also within the script of a shell.
    pub(super) fn wrapped_programs(&self) -> Vec<PathBuf> {
        let is_cargos = |path: &Path| vm_test_runtime::cargo::target(path).is_some();
        let own = self.brought.clone().or_else(|| self.host_program());
        if own.is_some_and(|own| is_cargos(Path::new(&own))) {
            return Vec::new();
        }
        let words = self.words.iter().skip(1).filter_map(|word| word.to_str());
        let paths = words.flat_map(|word| word.split(is_no_path)).map(|path| {
            // As in CMD=target/debug/a.
            path.rsplit_once('=').map_or(path, |(_, path)| path)
        });
        let mut programs: Vec<_> = paths
            .filter(|path| path.contains('/'))
            .map(|path| Path::new(&self.directory).join(path))
            .filter(|path| is_program(path) && is_cargos(path))
            .collect();
        programs.sort();
        programs.dedup();
        programs
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
        for program in self.wrapped_programs() {
            shares.extend(vm_test_runtime::cargo::directories(&program));
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

/// Returns whether a character ends a path in the script of a shell.
fn is_no_path(c: char) -> bool {
    c.is_whitespace() || "\"'`;|&()<>{}$".contains(c)
}

fn is_program(path: &Path) -> bool {
    let meta = path.metadata();
    meta.is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::super::super::args::Settings;
    use super::Command;
    use std::ffi::OsString;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_wrapper_brings_what_cargo_has_built_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let deps = place.path().join("target/debug/deps");
        fs::create_dir_all(&deps).unwrap();
        fs::write(place.path().join("target/CACHEDIR.TAG"), "").unwrap();
        for (name, mode) in [("one-1a", 0o755), ("two-2b", 0o755), ("one-1a.d", 0o644)] {
            fs::write(deps.join(name), "").unwrap();
            fs::set_permissions(deps.join(name), Permissions::from_mode(mode)).unwrap();
        }
        fs::write(place.path().join("script"), "").unwrap();
        let settings = Settings {
            directory: Some(place.path().into()),
            ..Settings::default()
        };
        let (one, two) = (deps.join("one-1a"), deps.join("two-2b"));
        for (words, found) in [
            (
                vec!["sh", "-c", "modprobe loop; exec target/debug/deps/one-1a"],
                vec![&one],
            ),
            (
                vec![
                    "sh",
                    "-c",
                    "A=\"./target/debug/deps/one-1a\" && $A || (target/debug/deps/two-2b)",
                ],
                vec![&one, &two],
            ),
            (
                vec!["env", "A=1", two.to_str().unwrap(), "--list"],
                vec![&two],
            ),
            (vec!["nice", "target/debug/deps/one-1a.d"], vec![]),
            (vec!["sh", "-c", "./script /bin/sh one-1a"], vec![]),
        ] {
            let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
            let command = Command::new("host", &settings, &words).unwrap();
            let programs = command.wrapped_programs();
            let mut programs: Vec<_> = programs
                .iter()
                .map(|it| it.canonicalize().unwrap())
                .collect();
            programs.sort();
            let found: Vec<_> = found.iter().map(|it| it.canonicalize().unwrap()).collect();
            assert_eq!(programs, found, "{words:?}");
        }
    }
}
