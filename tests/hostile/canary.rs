//! What the attackers are after: files, a process, sockets, the program itself. Says what of it has changed.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use vm_test_tests::host::Host;

const WORDS: &str = "sings";

/// Everything that a guest must neither change nor reach.
pub(super) struct Canary {
    directory: TempDir,
    process: Child,
    name: String,
    abstract_listener: UnixListener,
    path_listener: UnixListener,
    tcp_listener: TcpListener,
    before: BTreeMap<PathBuf, String>,
}

impl Canary {
    pub(super) fn new() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("vmt-canary-")
            // A directory that guests see, of users as of root.
            .tempdir_in("/var/tmp")
            .expect("a directory in /var/tmp");
        let path = directory.path();
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        for dir in ["closed", "directory", "bin"] {
            fs::create_dir(path.join(dir)).unwrap();
        }
        for file in ["file", "closed/file", "directory/file"] {
            fs::write(path.join(file), WORDS).unwrap();
        }
        fs::set_permissions(path.join("closed"), PermissionsExt::from_mode(0o700)).unwrap();
        // A copy, because what an attacker does to the agent would hurt all others who use it.
        let program = Host::program();
        for name in ["vm-test", "vm-test-agent"] {
            fs::copy(program.with_file_name(name), path.join("bin").join(name)).unwrap();
        }
        let process = Command::new("sleep")
            .arg("3600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let name = format!("vmt-canary-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let mut canary = Self {
            abstract_listener: UnixListener::bind_addr(&address).unwrap(),
            path_listener: UnixListener::bind(path.join("socket")).unwrap(),
            tcp_listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            before: BTreeMap::new(),
            directory,
            process,
            name,
        };
        canary.abstract_listener.set_nonblocking(true).unwrap();
        canary.path_listener.set_nonblocking(true).unwrap();
        canary.tcp_listener.set_nonblocking(true).unwrap();
        canary.before = canary.files();
        canary
    }

    /// Has a command use the copy of the program, and tells the attackers what they are after.
    pub(super) fn expose(&self, host: &Host, command: &mut Command) {
        let path = self.directory.path();
        let port = self.tcp_listener.local_addr().unwrap().port();
        command
            .env("VM_TEST_BIN", path.join("bin/vm-test"))
            .env("HOSTILE_DIR", path)
            .env("HOSTILE_PID", self.process.id().to_string())
            .env("HOSTILE_NAME", &self.name)
            .env("HOSTILE_PORT", port.to_string())
            .env("HOSTILE_DISK", disk_of_the_root())
            .env("HOSTILE_RUNTIME", host.runtime());
    }

    /// Every file with all that can be changed about it.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        let mut queue = vec![self.directory.path().to_owned()];
        while let Some(path) = queue.pop() {
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_file() && meta.len() < 1 << 10 {
                fs::read_to_string(&path).unwrap()
            } else {
                String::new()
            };
            if meta.is_dir() {
                queue.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .flatten()
                        .map(|entry| entry.path()),
                );
            }
            let (mode, owner, group) = (meta.mode(), meta.uid(), meta.gid());
            let (size, links) = (meta.len(), meta.nlink());
            let times = (
                meta.mtime(),
                meta.mtime_nsec(),
                meta.ctime(),
                meta.ctime_nsec(),
            );
            let described = format!(
                "mode {mode:o}, owner {owner}:{group}, {size} bytes, {links} links, {times:?}, {content:?}"
            );
            files.insert(path, described);
        }
        files
    }

    /// What has changed, one line for each thing.
    pub(super) fn changes(&mut self) -> Vec<String> {
        let after = self.files();
        let mut changes = Vec::new();
        for path in self.before.keys().chain(after.keys()) {
            let (was, is) = (self.before.get(path), after.get(path));
            if was != is {
                changes.push(format!("{}: was {was:?}, is {is:?}", path.display()));
            }
        }
        if let Some(status) = self.process.try_wait().unwrap() {
            changes.push(format!("the process ended: {status}"));
        }
        let reached = [
            (
                "the abstract socket",
                self.abstract_listener.accept().is_ok(),
            ),
            (
                "the socket with a path",
                self.path_listener.accept().is_ok(),
            ),
            ("the port", self.tcp_listener.accept().is_ok()),
        ];
        let reached = reached.iter().filter(|(_, reached)| *reached);
        changes.extend(reached.map(|(what, _)| format!("{what} was connected to")));
        changes.sort();
        changes.dedup();
        changes
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `MAJOR:MINOR` of the file system at `/`; of no disk, where that is not on one.
fn disk_of_the_root() -> String {
    let device = fs::metadata(Path::new("/")).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    format!("{major}:{minor}")
}
