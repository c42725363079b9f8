//! A directory with its own store, and the two checks of it: was this refused with this message,
//! and is nothing left?

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;
use vm_test_tests::host::Host;

/// The directory.
#[derive(Debug)]
pub(crate) struct Place {
    directory: TempDir,
    host: Host,
}

/// A bad input: how to make it, and the error.
///
/// In the text, `{}` stands for the directory and HERE for this architecture.
pub(crate) struct Row {
    pub(crate) source: fn(&Place) -> String,
    pub(crate) message: &'static str,
    pub(crate) hint: &'static str,
}

impl Place {
    /// Returns an empty one.
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix("vmi-").unwrap();
        // Root in the guest must be able to enter, too.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            directory,
            host: Host::new(),
        }
    }

    /// Returns the path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns the host that its commands run on.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Writes a file; returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Returns a command line of `vm-test` that uses its store.
    pub(crate) fn vm_test(&self, args: &[&str]) -> Command {
        self.vm_test_on(&self.path("store"), args)
    }

    /// Returns a command line of `vm-test` that uses this store.
    pub(crate) fn vm_test_on(&self, store: &Path, args: &[&str]) -> Command {
        let mut command = self.host.vm_test();
        command
            .args(args)
            .current_dir(self.directory.path())
            .env("VM_TEST_STORE", store)
            .stdin(Stdio::null());
        command
    }

    /// Returns the same, started with this umask.
    pub(crate) fn vm_test_under(&self, umask: &str, args: &[&str]) -> Command {
        let program = self.vm_test(args).get_program().to_owned();
        let mut command = Command::new("sh");
        self.host
            .adopt(&mut command)
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(program)
            .args(args)
            .current_dir(self.directory.path())
            .env("VM_TEST_STORE", self.path("store"))
            .stdin(Stdio::null());
        command
    }

    /// Runs `vm-test` and expects success; returns its standard output.
    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        finish(self.vm_test(args).output().unwrap(), args)
    }

    /// Runs a command of `vm-test` that must fail with exactly this message and hint.
    pub(crate) fn refuse(&self, command: &mut Command, message: &str, hint: &str) {
        let output = command.output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        let here = self.directory.path().to_str().unwrap();
        let expected = super::words::fill_in(&format!("error: {message}\nhint: {hint}\n"))
            .replace("{}", here)
            .replace("HERE", std::env::consts::ARCH);
        assert_eq!(words, expected, "{command:?}");
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{output:?}"
        );
    }

    /// Asserts that the store contains no layer, no image and nothing incomplete.
    pub(crate) fn assert_empty(&self) {
        for part in ["layers", "images", "building", "pulled"] {
            let left: Vec<_> = fs::read_dir(self.path("store").join(part))
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().path())
                .collect();
            assert!(left.is_empty(), "left in {part}: {left:?}");
        }
        assert_eq!(self.succeed(&["image", "list", "--json"]).trim(), "[]");
    }
}

/// Imports every row's source, each in a new place.
pub(crate) fn refuse_imports(rows: &[Row]) {
    for row in rows {
        let place = Place::new();
        let source = (row.source)(&place);
        let mut command = place.vm_test(&["image", "import", "foreign", &source]);
        place.refuse(&mut command, row.message, row.hint);
        place.assert_empty();
    }
}

/// Returns the standard output of a command that succeeded.
pub(crate) fn finish(output: Output, args: &[&str]) -> String {
    assert!(
        output.status.success(),
        "vm-test {args:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Compresses bytes with a program of this host.
pub(crate) fn compressed(program: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(["-c", "-1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}");
    output.stdout
}
