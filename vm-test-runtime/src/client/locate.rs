//! Finds the program `vm-test`, which the user installed beside this crate. Starts nothing.

use crate::variables::{BIN, get};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

const PROGRAM: &str = "vm-test";

/// The program `vm-test` that is on disk now.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Where it is.
    pub path: PathBuf,
    /// Changes whenever the program changes, so that a new program never talks to an old daemon.
    pub identity: String,
}

impl Executor {
    /// Searches `VM_TEST_BIN`, then beside this binary's target directory, then `PATH`, then
    /// cargo's `bin`.
    ///
    /// # Errors
    /// If it is in none of these places.
    pub fn locate() -> Result<Self, Failure> {
        if let Some(path) = get(BIN) {
            let path = PathBuf::from(path);
            return Self::at(&path).ok_or_else(|| {
                Failure::new(format!(
                    "cannot use `{}` as the program vm-test: it is not an executable file",
                    path.display()
                ))
                .hint(format!("set {BIN} to the program, or unset it"))
            });
        }
        candidates()
            .iter()
            .find_map(|path| Self::at(path))
            .ok_or_else(|| {
                Failure::new(
                    "cannot find the program vm-test, which starts guests: it is not in PATH",
                )
                .hint(format!(
                    "cargo install vm-test-executor, or set {BIN} to where it is"
                ))
                .missing()
            })
    }

    /// Returns the program at this path, if there is one.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let meta = path.metadata().ok()?;
        (meta.is_file() && meta.permissions().mode() & 0o111 != 0).then(|| Self {
            identity: format!(
                "{:x}-{:x}-{:x}",
                meta.ino(),
                i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()),
                meta.len()
            ),
            path,
        })
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Ok(exe) = std::env::current_exe() {
        // A test binary is in target/PROFILE/deps; a program that is built with it is in
        // target/PROFILE.
        places.extend(exe.ancestors().skip(1).take(2).map(|dir| dir.join(PROGRAM)));
    }
    if let Some(path) = std::env::var_os("PATH") {
        places.extend(std::env::split_paths(&path).map(|dir| dir.join(PROGRAM)));
    }
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os("HOME")?;
            Some(Path::new(&home).join(".cargo"))
        });
    places.extend(cargo_home.map(|home| home.join("bin").join(PROGRAM)));
    places
}
