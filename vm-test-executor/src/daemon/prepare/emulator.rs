//! The QEMU of this host: whether it is installed, and which version. Starts no VM.

use crate::backend::kvm::{BINARY, IMAGE_TOOL};
use crate::sync;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::{self, QEMU};

/// Older versions do not share the memory of templates, or not well.
const OLDEST: (u32, u32) = (6, 0);

/// The versions of QEMU programs, by inode and time.
#[derive(Debug, Default)]
pub struct Emulators {
    known: Mutex<HashMap<(PathBuf, u64, i64), String>>,
}

impl Emulators {
    /// Returns the first QEMU found, and its version with the identity of its file.
    ///
    /// # Errors
    /// If there is none, or it is too old.
    pub fn version(&self) -> Result<(PathBuf, String), Failure> {
        let program = match variables::get(QEMU) {
            Some(path) => named(PathBuf::from(path))?,
            None => find(BINARY)?,
        };
        find(IMAGE_TOOL)?;
        let cannot = |cause: String| {
            Failure::new(format!("cannot use {}: {cause}", program.display()))
                .hint(INSTALL)
                .missing()
        };
        let meta = program
            .metadata()
            .map_err(|error| cannot(error.to_string()))?;
        let key = (program.clone(), meta.ino(), meta.mtime());
        let mut known = sync::lock(&self.known);
        if let Some(version) = known.get(&key) {
            return Ok((program, version.clone()));
        }
        let output = Command::new(&program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| cannot(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or_default().to_owned();
        match numbers(&line) {
            Some(version) if version >= OLDEST => {}
            Some((major, minor)) => {
                return Err(cannot(format!(
                    "it is version {major}.{minor}, and {}.{} is the oldest that keeps templates",
                    OLDEST.0, OLDEST.1
                ))
                .hint(NEWER));
            }
            None => return Err(cannot(format!("it does not tell its version: {line:?}"))),
        }
        let identity = format!("{line} {}:{}", meta.ino(), meta.mtime());
        known.insert(key, identity.clone());
        Ok((program, identity))
    }
}

/// The remedy if QEMU is missing.
const INSTALL: &str = "install it: apt-get install qemu-system-x86 qemu-utils (Debian, Ubuntu), dnf install qemu-system-x86 qemu-img (Fedora); or use backend = \"lxc\"";

/// The remedy if it is too old.
const NEWER: &str = "install a newer one, or name it in VM_TEST_QEMU when the daemon starts; or use backend = \"lxc\"";

fn named(path: PathBuf) -> Result<PathBuf, Failure> {
    let cause = match path.metadata() {
        Ok(meta) if meta.is_file() && meta.mode() & 0o111 != 0 => return Ok(path),
        Ok(_) => "is not a program",
        Err(_) => "is not there",
    };
    Err(Failure::new(format!(
        "cannot start a VM: {}, which {QEMU} names, {cause}",
        path.display()
    ))
    .hint(format!(
        "set {QEMU} to the program, or unset it, and run `vm-test stop`: the daemon reads it only when it starts"
    ))
    .missing())
}

fn find(name: &str) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The directories in which a keeper looks.
    let standard = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
    let found = standard
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file());
    found.ok_or_else(|| {
        Failure::new(format!("cannot start a VM: there is no {name}"))
            .hint(INSTALL)
            .missing()
    })
}

/// Parses "QEMU emulator version 7.2.22 (Debian …)".
fn numbers(line: &str) -> Option<(u32, u32)> {
    let (_, rest) = line.split_once("version ")?;
    let mut parts = rest.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Checks whether this process may use hardware virtualisation, as far as opening its device tells;
/// only booting proves it.
///
/// # Errors
/// The reason for which the device cannot be opened.
pub fn may_use_kvm() -> Result<(), String> {
    let device = Path::new("/dev/kvm");
    std::fs::File::options()
        .read(true)
        .write(true)
        .open(device)
        .map(drop)
        .map_err(|error| format!("{}: {error}", device.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_first_line() {
        let line = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)";
        assert_eq!(numbers(line), Some((7, 2)));
        assert_eq!(numbers("QEMU emulator version 10.0.2"), Some((10, 0)));
        assert_eq!(numbers("something else"), None);
    }
}
