//! The machine's ports to its host, found by their names. Opens them; knows nothing of what is said there.

use super::appearance::await_there;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where the kernel lists them.
const PORTS: &str = "/sys/class/virtio-ports";

/// Opens the port of this name, as soon as it is there.
pub(super) fn open(name: &str) -> io::Result<File> {
    open_at(&find(name)?)
}

/// Opens the port that was found here.
pub(super) fn open_at(port: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(port)
}

/// Where the port of this name is, as soon as it is there.
pub(super) fn find(name: &str) -> io::Result<PathBuf> {
    await_there(|| look(name)).ok_or_else(|| io::Error::other(format!("there is no port {name}")))
}

fn look(name: &str) -> Option<PathBuf> {
    let entry = fs::read_dir(PORTS).ok()?.flatten().find(|entry| {
        fs::read_to_string(entry.path().join("name")).is_ok_and(|text| text.trim() == name)
    })?;
    Some(Path::new("/dev").join(entry.file_name()))
}
