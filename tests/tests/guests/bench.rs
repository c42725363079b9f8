//! A workspace with a vm-test.toml, and the commands that run in its guests. Knows no setting.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running};

/// The settings of guests of each kind, but for those that a test is about.
const KINDS: [&str; 2] = [
    "[guest.container]\n",
    "[guest.vm]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"tcg\"\n",
];

/// A guest of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Container,
    Vm,
}

/// A workspace, and a host that uses it.
pub(crate) struct Bench {
    pub(crate) host: Host,
    directory: TempDir,
    kind: Kind,
}

impl Kind {
    /// Returns the guest's name.
    pub(crate) fn guest(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Vm => "vm",
        }
    }
}

impl Bench {
    /// Returns a workspace with a guest of this kind that has these settings.
    pub(crate) fn new(kind: Kind, settings: &str) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("vmt-guests-")
            .tempdir()
            .unwrap();
        // Root in a guest is another user of the host when root runs it, and must be able to enter.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let bench = Self {
            host: Host::new().with_shared_store(),
            directory,
            kind,
        };
        fs::create_dir(bench.workspace()).unwrap();
        bench.set(settings);
        if kind == Kind::Vm {
            bench.host.build_images(&bench.workspace(), &["debian-12"]);
        }
        bench
    }

    /// Writes vm-test.toml anew, with these settings of its guest.
    pub(crate) fn set(&self, settings: &str) {
        let guest = KINDS[self.kind as usize];
        fs::write(
            self.workspace().join("vm-test.toml"),
            format!("{guest}{settings}"),
        )
        .unwrap();
    }

    /// Returns the directory of vm-test.toml.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.directory.path().join("workspace")
    }

    /// Returns a path beside the workspace.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the name of the guest.
    pub(crate) fn guest(&self) -> &'static str {
        self.kind.guest()
    }

    /// Starts a shell in the guest.
    pub(crate) fn start(&self, script: &str) -> Running {
        self.vm_test(&["run", self.kind.guest(), "--", "sh", "-c", script])
    }

    /// Runs a shell in the guest.
    pub(crate) fn run(&self, script: &str) -> Finished {
        self.start(script).finish()
    }

    /// Runs a shell in the guest, which must succeed; returns what it printed.
    #[track_caller]
    pub(crate) fn output(&self, script: &str) -> String {
        let finished = self.run(script);
        assert_eq!(finished.code(), Some(0), "{finished:?}");
        finished.out
    }

    /// Runs a shell in a guest that cannot start; returns the failure.
    #[track_caller]
    pub(crate) fn failure(&self) -> String {
        let finished = self.run("echo started");
        assert_eq!(finished.out, "", "{finished:?}");
        assert_ne!(finished.code(), Some(0), "{finished:?}");
        finished.err
    }

    /// Starts `vm-test` in the workspace.
    pub(crate) fn vm_test(&self, args: &[&str]) -> Running {
        let mut command = self.host.vm_test();
        Running::start(command.args(args).current_dir(self.workspace()))
    }
}

/// Makes a file with this content and mode, and the directories above.
pub(crate) fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
