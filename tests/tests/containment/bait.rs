//! The bait: files and a pipe of the host that guests are told about and must not change.

use super::tree::{self, Tree};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::place::Place;

/// The files of a tree that guests try to change.
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

/// Files of the system that guests try to change.
const SYSTEM: [&str; 3] = ["/etc/passwd", "/etc/hostname", "/usr/bin/env"];

/// What the guests are told to attack.
pub(crate) struct Bait {
    directory: TempDir,
    workspace: TempDir,
    hidden: TempDir,
    pipe: File,
}

impl Bait {
    pub(crate) fn lay_out(place: Place, fixture: &Fixture) -> Self {
        let target = fixture.directory().join("target");
        fs::create_dir_all(&target).unwrap();
        let directory = temporary(match place {
            // Containers see it, and have their own directories for temporary files.
            Place::Container => std::env::home_dir().expect("a home directory"),
            Place::Vm => target.clone(),
        });
        let workspace = temporary(&target);
        let hidden = temporary("/tmp");
        fs::write(hidden.path().join("secret"), "hidden from guests").unwrap();
        for tree in [directory.path(), workspace.path()].map(|dir| dir.join("tree")) {
            fs::create_dir_all(tree.join("directory")).unwrap();
            for file in FILES {
                fs::write(tree.join(file), format!("the host's own {file}")).unwrap();
            }
        }
        let pipe = directory.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("mkfifo starts").success());
        let pipe = File::options()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(&pipe)
            .unwrap();
        let bait = Self {
            directory,
            workspace,
            hidden,
            pipe,
        };
        let secret = bait.hidden.path().join("secret");
        bait.tell("workspace", &bait.workspace.path().display().to_string());
        bait.tell("handle", &handle_of(&secret));
        bait
    }

    /// Writes the text for the guests under this name.
    fn tell(&self, name: &str, text: &str) {
        fs::write(self.directory().join(name), text).unwrap();
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns the files that guests try to change, as they are now.
    pub(crate) fn examine(&self) -> Tree {
        let trees = [
            self.directory().join("tree"),
            self.workspace.path().join("tree"),
            self.hidden.path().to_path_buf(),
        ];
        let all = trees.into_iter().chain(SYSTEM.map(PathBuf::from));
        all.flat_map(|path| tree::read(&path)).collect()
    }

    /// Returns what guests have sent through the pipe.
    pub(crate) fn received(&mut self) -> String {
        let mut text = String::new();
        match self.pipe.read_to_string(&mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => text += &error.to_string(),
        }
        text
    }
}

fn temporary(parent: impl AsRef<Path>) -> TempDir {
    let mut builder = tempfile::Builder::new();
    let made = builder.prefix(".containment-").tempdir_in(parent);
    made.expect("a directory for bait")
}

/// Returns the handle of a file, as `type:bytes`, with which a sufficiently privileged program
/// could open it anywhere.
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
