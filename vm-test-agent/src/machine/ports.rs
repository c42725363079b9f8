//! The VM's ports to its host, found by their names. Opens them; does not know what is sent over
//! them.

use super::appearance::await_there;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Where the kernel lists the ports.
const PORTS: &str = "/sys/class/virtio-ports";

/// Waits for the port with this name and opens it.
pub(super) fn open(name: &str) -> io::Result<File> {
    open_at(&find(name)?)
}

/// Opens the port that was found here.
pub(super) fn open_at(port: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(port)
}

/// Opens the port and waits until the host is connected.
///
/// A VM that was saved without a connection learns of it only a moment after it runs, and until
/// then reads as if the host had gone.
pub(super) fn open_connected(port: &Path) -> io::Result<File> {
    let file = open_at(port)?;
    await_there(|| is_connected(&file).then_some(()))
        .ok_or_else(|| io::Error::other(format!("the host is not at port {}", port.display())))?;
    Ok(file)
}

fn is_connected(port: impl AsFd) -> bool {
    let mut fds = [PollFd::new(&port, PollFlags::IN)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    poll(&mut fds, Some(&now)).is_ok() && !fds[0].revents().contains(PollFlags::HUP)
}

/// Waits for the port with this name; returns its path.
pub(super) fn find(name: &str) -> io::Result<PathBuf> {
    await_there(|| look(name)).ok_or_else(|| io::Error::other(format!("there is no port {name}")))
}

fn look(name: &str) -> Option<PathBuf> {
    let entry = fs::read_dir(PORTS).ok()?.flatten().find(|entry| {
        fs::read_to_string(entry.path().join("name")).is_ok_and(|text| text.trim() == name)
    })?;
    Some(Path::new("/dev").join(entry.file_name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_port_is_connected_for_as_long_as_somebody_is_at_the_other_end() {
        let (port, mut host) = UnixStream::pair().unwrap();
        assert!(is_connected(&port));
        host.write_all(b"a job").unwrap();
        assert!(is_connected(&port));
        drop(host);
        assert!(!is_connected(&port));
    }
}
