//! The targets of the attackers: files, a process, sockets, the program itself. Reports which of
//! them have changed.

use super::keyring::Keyring;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

const WORDS: &str = "sings";

/// The directory of the program's copy.
const PROGRAMS: &str = "bin";

/// A file of the disk that contains the host's root, if the suite may make one.
const DISK: &str = "disk";

/// What all VMs of an image are restored from, in a store.
const TEMPLATES: [&str; 6] = [
    "root.img",
    "vmlinuz",
    "ram",
    "state",
    "disk.qcow2",
    "blank.qcow2",
];

/// Everything that a guest must neither change nor reach.
pub(super) struct Canary {
    place: Place,
    directory: TempDir,
    /// The store, if guests are VMs that are made of its files.
    store: Option<PathBuf>,
    process: Child,
    name: String,
    abstract_listener: UnixListener,
    path_listener: UnixListener,
    tcp_listener: TcpListener,
    keyring: Option<Keyring>,
    before: BTreeMap<PathBuf, String>,
    templates_before: BTreeMap<PathBuf, String>,
}

impl Canary {
    pub(super) fn new(place: Place, host: &Host, fixture: &Fixture) -> Self {
        // All guests see the workspace, and have their own temporary directories.
        let target = fixture.directory().join("target");
        fs::create_dir_all(&target).unwrap();
        let directory = tempfile::Builder::new()
            .prefix("vmt-canary-")
            .tempdir_in(&target)
            .expect("a directory that guests see");
        let path = directory.path();
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        for dir in ["closed", "directory"] {
            fs::create_dir(path.join(dir)).unwrap();
        }
        for file in ["file", "closed/file", "directory/file"] {
            fs::write(path.join(file), WORDS).unwrap();
        }
        fs::set_permissions(path.join("closed"), PermissionsExt::from_mode(0o700)).unwrap();
        if place == Place::Container {
            copy_program(&path.join(PROGRAMS));
            make_disk(&path.join(DISK));
        }
        let process = Command::new("sleep")
            .arg("3600")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let name = format!("vmt-canary-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let mut canary = Self {
            place,
            abstract_listener: UnixListener::bind_addr(&address).unwrap(),
            path_listener: UnixListener::bind(path.join("socket")).unwrap(),
            tcp_listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            keyring: (place == Place::Container).then(Keyring::new),
            before: BTreeMap::new(),
            templates_before: BTreeMap::new(),
            store: (place == Place::Vm).then(|| host.store()),
            directory,
            process,
            name,
        };
        canary.abstract_listener.set_nonblocking(true).unwrap();
        canary.path_listener.set_nonblocking(true).unwrap();
        canary.tcp_listener.set_nonblocking(true).unwrap();
        canary.before = canary.files();
        canary.templates_before = canary.templates();
        canary
    }

    /// Makes a command use the copy of the program, and tells the attackers their targets.
    pub(super) fn expose(&self, host: &Host, command: &mut Command) {
        let path = self.directory.path();
        let port = self.tcp_listener.local_addr().unwrap().port();
        if self.place == Place::Container {
            command.env("VM_TEST_BIN", path.join(PROGRAMS).join("vm-test"));
        }
        command
            .env("HOSTILE_DIR", path)
            .env("HOSTILE_PID", self.process.id().to_string())
            .env("HOSTILE_NAME", &self.name)
            .env("HOSTILE_PORT", port.to_string())
            .env("HOSTILE_DISK", disk_of_the_root())
            .env("HOSTILE_RUNTIME", host.runtime())
            .env("HOSTILE_SEEN", self.seen(host).join(","))
            .envs(self.keyring.iter().flat_map(Keyring::told));
    }

    /// Returns what attackers must find, so that they cannot pass by attacking nothing. Reports
    /// what they cannot find.
    fn seen(&self, host: &Host) -> Vec<&'static str> {
        if self.place == Place::Vm {
            return Vec::new();
        }
        let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev()).ok();
        let runtime = host.runtime();
        // A container has the files of the host's root without what is mounted there; an ordinary
        // user's does not even have its /tmp.
        let is_below = device(runtime.parent().unwrap()) == device(Path::new("/"));
        let mut seen = Vec::new();
        for (what, is_there) in [
            ("runtime", is_below && rustix::process::getuid().is_root()),
            ("disk", self.directory.path().join(DISK).exists()),
        ] {
            if is_there {
                seen.push(what);
            } else {
                eprintln!("not attacked, because guests of this host do not see it: {what}");
            }
        }
        seen
    }

    /// Returns every file with everything about it that can be changed.
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

    /// Returns which of the files that all VMs are restored from have been written to.
    ///
    /// A file that did not exist at first is not harmed.
    fn written_to(&self) -> Vec<String> {
        let now = self.templates();
        let changed = |(path, was): (&PathBuf, &String)| {
            let is = now.get(path)?;
            (was != is).then(|| format!("{}: was {was}, is {is}", path.display()))
        };
        self.templates_before.iter().filter_map(changed).collect()
    }

    fn templates(&self) -> BTreeMap<PathBuf, String> {
        let machines = self.store.as_ref().map(|store| store.join("machines"));
        let all = machines.into_iter().flat_map(fs::read_dir).flatten();
        all.flatten()
            .flat_map(|entry| TEMPLATES.map(|name| entry.path().join(name)))
            .filter_map(|path| {
                let meta = fs::symlink_metadata(&path).ok()?;
                let times = (meta.mtime(), meta.mtime_nsec());
                let described = format!("inode {}, {} bytes, {times:?}", meta.ino(), meta.len());
                Some((path, described))
            })
            .collect()
    }

    /// Returns what has changed, one line for each change.
    pub(super) fn changes(&mut self) -> Vec<String> {
        let after = self.files();
        let mut changes = self.written_to();
        changes.extend(self.keyring.iter().flat_map(Keyring::changes));
        for path in self.before.keys().chain(after.keys()) {
            let (was, is) = (self.before.get(path), after.get(path));
            if was != is {
                changes.push(format!("{}: was {was:?}, is {is:?}", path.display()));
            }
        }
        if let Some(status) = self.process.try_wait().unwrap() {
            changes.push(format!("the process ended: {status}"));
        }
        let niceness = niceness(self.process.id());
        if niceness != 0 {
            changes.push(format!(
                "the process has been given a niceness of {niceness}"
            ));
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

fn niceness(process: u32) -> i32 {
    let pid = i32::try_from(process)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    rustix::process::getpriority_process(pid).expect("it runs")
}

impl Drop for Canary {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes a copy, because an attack on the agent would affect all others who use it.
///
/// In a VM the agent is in memory.
fn copy_program(directory: &Path) {
    let program = Host::program();
    fs::create_dir(directory).unwrap();
    for name in ["vm-test", "vm-test-agent"] {
        fs::copy(program.with_file_name(name), directory.join(name)).unwrap();
    }
}

/// Makes a device file of the disk, as only root may.
fn make_disk(path: &Path) {
    let device = fs::metadata(Path::new("/")).unwrap().dev();
    let mode = Mode::RUSR | Mode::WUSR | Mode::ROTH | Mode::WOTH;
    if let Err(error) = mknodat(CWD, path, FileType::BlockDevice, mode, device) {
        eprintln!("cannot make {}: {error}", path.display());
    }
}

/// Returns `MAJOR:MINOR` of the file system at `/`, which may not be on a disk.
fn disk_of_the_root() -> String {
    let device = fs::metadata(Path::new("/")).unwrap().dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    format!("{major}:{minor}")
}
