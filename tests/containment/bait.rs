//! The bait: files, a process, sockets and a pipe of the host that guests are told of, and are to leave as they are.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use vm_test_tests::fixture::Fixture;

/// Settings that guests try to write, the harmless ones first: a body ends at the first that it could.
const SETTINGS: &[&str] = &[
    "vm/swappiness",
    "vm/dirty_expire_centisecs",
    "vm/max_map_count",
    "kernel/printk_delay",
    "kernel/pty/max",
    "fs/lease-break-time",
    "fs/file-max",
    "kernel/randomize_va_space",
    "kernel/dmesg_restrict",
    "kernel/sysrq",
    "kernel/core_pattern",
    "kernel/modprobe",
    "kernel/hotplug",
    "fs/binfmt_misc/status",
    "kernel/panic",
];

/// The files of a tree that guests ravage.
const FILES: [&str; 12] = [
    "overwritten",
    "appended",
    "truncated",
    "deleted",
    "opened",
    "owned",
    "renamed",
    "linked",
    "dated",
    "marked",
    "replaced",
    "directory/file",
];

/// What the guests are let at. The process ends with it.
pub(crate) struct Bait {
    directory: TempDir,
    workspace: TempDir,
    hidden: TempDir,
    process: Child,
    port: TcpListener,
    abstract_socket: UnixListener,
    socket: UnixListener,
    pipe: File,
}

impl Bait {
    pub(crate) fn lay_out(fixture: &Fixture) -> Self {
        // On the host's disk, where a guest sees it; `/tmp` it does not see.
        let directory = temporary("/var/tmp");
        let target = fixture.directory().join("target");
        fs::create_dir_all(&target).unwrap();
        let workspace = temporary(&target);
        let hidden = temporary("/tmp");
        fs::write(hidden.path().join("secret"), "hidden from guests").unwrap();
        for tree in [directory.path(), workspace.path()].map(|dir| dir.join("tree")) {
            fs::create_dir_all(tree.join("directory")).unwrap();
            for file in FILES {
                fs::write(tree.join(file), format!("the host's own {file}")).unwrap();
            }
        }
        let process = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::null())
            .spawn()
            .expect("sleep starts");
        let name = format!("containment-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let pipe = directory.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let bait = Self {
            abstract_socket: UnixListener::bind_addr(&abstract_name).unwrap(),
            socket: UnixListener::bind(directory.path().join("socket")).unwrap(),
            pipe: File::options()
                .read(true)
                .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
                .open(&pipe)
                .unwrap(),
            directory,
            workspace,
            hidden,
            process,
            port,
        };
        bait.tell("pid", &bait.process.id().to_string());
        bait.tell("abstract", &name);
        bait.tell("port", &bait.port.local_addr().unwrap().port().to_string());
        bait.tell("workspace", &bait.workspace.path().display().to_string());
        bait.tell("hidden", &bait.secret().display().to_string());
        bait.tell("handle", &handle_of(&bait.secret()));
        bait.tell("disks", &disks().join("\n"));
        bait.tell("settings", &settings().join("\n"));
        for listener in [&bait.abstract_socket, &bait.socket] {
            listener.set_nonblocking(true).unwrap();
        }
        bait.port.set_nonblocking(true).unwrap();
        bait
    }

    /// Writes what the guests read under this name.
    fn tell(&self, name: &str, text: &str) {
        fs::write(self.directory().join(name), text).unwrap();
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn secret(&self) -> PathBuf {
        self.hidden.path().join("secret")
    }

    /// The trees that guests change, and this one that they should not even see.
    pub(crate) fn trees(&self) -> [PathBuf; 3] {
        [
            self.directory().join("tree"),
            self.workspace.path().join("tree"),
            self.hidden.path().to_path_buf(),
        ]
    }

    /// The process, which only its own end can change: whether it lives, and its start.
    pub(crate) fn process(&self) -> String {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap_or_default();
        let fields: Vec<_> = stat.split(' ').collect();
        match (fields.get(2), fields.get(21)) {
            (Some(&"R" | &"S" | &"D"), Some(start)) => format!("alive since {start}"),
            (state, _) => format!("ended or stopped: {state:?}"),
        }
    }

    /// What has come from guests through the sockets and the pipe.
    pub(crate) fn visits(&mut self) -> Vec<String> {
        let mut visits = Vec::new();
        if let Ok((_, from)) = self.port.accept() {
            visits.push(format!("a connection from {from}"));
        }
        for (listener, name) in [(&self.abstract_socket, "abstract"), (&self.socket, "named")] {
            if listener.accept().is_ok() {
                visits.push(format!("a connection to the {name} socket"));
            }
        }
        let mut text = String::new();
        match self.pipe.read_to_string(&mut text) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => visits.push(format!("{read:?} from the pipe: {text}")),
        }
        visits
    }
}

impl Drop for Bait {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn temporary(parent: impl AsRef<Path>) -> TempDir {
    let mut builder = tempfile::Builder::new();
    let made = builder.prefix("containment-").tempdir_in(parent);
    made.expect("a directory for bait")
}

/// Those that this kernel has.
pub(crate) fn settings() -> Vec<String> {
    let is_there = |name: &&&str| Path::new("/proc/sys").join(name).exists();
    let settings: Vec<_> = SETTINGS
        .iter()
        .filter(is_there)
        .map(|name| (*name).to_owned())
        .collect();
    assert!(settings.len() > 5, "{settings:?}");
    settings
}

/// The numbers of the host's disks, as `major:minor`; and of the device of its root.
fn disks() -> Vec<String> {
    let text = fs::read_to_string("/proc/partitions").expect("the kernel's list of disks");
    let listed = text.lines().skip(2).filter_map(|line| {
        let mut fields = line.split_whitespace();
        Some(format!("{}:{}", fields.next()?, fields.next()?))
    });
    let root = fs::metadata("/").unwrap().dev();
    let root = format!("{}:{}", rustix::fs::major(root), rustix::fs::minor(root));
    // Without a major number it is no disk.
    let mut disks: Vec<_> = listed
        .chain([root])
        .filter(|disk| !disk.starts_with("0:"))
        .collect();
    disks.sort();
    disks.dedup();
    assert!(!disks.is_empty());
    disks
}

/// The handle of a file, as `type:bytes`, by which a program with enough rights opens it wherever it is.
fn handle_of(path: &Path) -> String {
    let script = r#"
        my ($number, $path) = @ARGV;
        my $handle = pack('I i', 128, 0) . "\0" x 128;
        my $mount = pack 'i', 0;
        syscall(0 + $number, -100, $path, $handle, $mount, 0) < 0 and die "$path: $!";
        my ($length, $type) = unpack 'I i', $handle;
        print "$type:", unpack 'H*', substr($handle, 8, $length);
    "#;
    let number = if cfg!(target_arch = "x86_64") {
        "303"
    } else {
        "264"
    };
    let mut command = Command::new("perl");
    let output = command.args(["-e", script, number]).arg(path).output();
    let output = output.expect("perl is there");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
