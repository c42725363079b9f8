//! Clients in Python: installed once from their registry, with fixed versions, and run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::fs::{FlockOperation, flock};

/// What is installed: the clients, and what runs the clients' own tests.
const PACKAGES: &[&str] = &[
    "redis==8.1.0",
    "pymemcache==4.0.0",
    "python-binary-memcached==0.33.0",
    "PyMySQL==1.2.4",
    "aiosmtplib==5.1.0",
    "aiosmtpd==1.4.6",
    "pytest==9.2.0",
    "pytest-asyncio==1.5.0",
    "hypothesis==6.170.17",
    "trustme==1.2.1",
    "Faker==15.1.0",
    "zstd==1.5.7.2",
];

/// The clients whose source packages have their own tests.
const SOURCES: &[&str] = &[
    "pymemcache==4.0.0",
    "python-binary-memcached==0.33.0",
    "aiosmtplib==5.1.0",
];

/// An environment with the clients.
pub(crate) struct Python {
    directory: PathBuf,
}

impl Python {
    /// Returns the environment, and makes it if there is none.
    ///
    /// The registry is reached from outside of namespaces only: call this before going inside.
    pub(crate) fn new() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("exchanges");
        fs::create_dir_all(&directory).unwrap();
        // Other tests wait until it is complete.
        let lock = File::create(directory.join("lock")).unwrap();
        flock(&lock, FlockOperation::LockExclusive).unwrap();
        let python = Self { directory };
        let stamp = python.directory.join("installed");
        let wanted = [PACKAGES, SOURCES].concat().join("\n");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return python;
        }
        let venv = python.directory.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv));
        let pip = || {
            let mut pip = Command::new(python.program());
            pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]);
            pip
        };
        run(pip().arg("install").args(PACKAGES));
        let sources = python.directory.join("sources");
        let _ = fs::remove_dir_all(&sources);
        run(pip()
            .args(["download", "--no-deps", "--no-binary", ":all:", "--dest"])
            .arg(&sources)
            .args(SOURCES));
        for archive in fs::read_dir(&sources).unwrap() {
            let archive = archive.unwrap().path();
            run(Command::new("tar")
                .arg("-xzf")
                .arg(archive)
                .arg("-C")
                .arg(&sources));
        }
        fs::write(stamp, wanted).unwrap();
        python
    }

    /// Returns the directory with the unpacked sources of a client.
    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.directory.join("sources").join(name)
    }

    /// Returns a command that runs Python.
    pub(crate) fn command(&self) -> Command {
        let mut python = Command::new(self.program());
        // Sources stay as they were unpacked.
        python.env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }

    /// Runs a script of this suite, which checks by itself, and returns what it printed.
    pub(crate) fn script(&self, name: &str, arguments: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exchanges/scripts");
        run(self.command().arg(script.join(name)).args(arguments))
    }

    fn program(&self) -> PathBuf {
        self.directory.join("venv/bin/python")
    }
}

/// Runs a command that has to succeed, and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", told(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns all that a command printed.
pub(crate) fn told(output: &Output) -> String {
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    let [stdout, stderr] = [stdout, stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}\n{stderr}")
}
