//! A directory for disks, and a host with the store that the suites share. A VM opens the disks, and
//! its image is in that store, so each image of these tests has a unique name.

use super::place::finish;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

/// The directory and the host.
pub(crate) struct Bench {
    directory: TempDir,
    host: Host,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            directory: TempDir::with_prefix("vmd-").unwrap(),
            host: Host::new().with_shared_store(),
        };
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bench.directory.path(), open).unwrap();
        bench.succeed(&["image", "build", "debian-12"]);
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn vm_test(&self, args: &[&str]) -> Command {
        let mut command = self.host.vm_test();
        command.args(args).stdin(Stdio::null());
        command.current_dir(self.directory.path());
        command
    }

    pub(crate) fn succeed(&self, args: &[&str]) -> String {
        finish(self.vm_test(args).output().unwrap(), args)
    }

    /// Makes a root file system in a directory: a shell, and a file that identifies it.
    pub(crate) fn root(&self, marker: &str) -> PathBuf {
        let root = self.path(marker);
        for directory in ["bin", "boot", "dev", "etc", "proc", "usr/lib"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let libraries = Command::new("ldd").arg("/bin/sh").output().unwrap();
        let libraries = text_of(&libraries);
        let libraries = libraries
            .split_whitespace()
            .filter(|it| it.starts_with('/'));
        for file in libraries.chain(["/bin/sh"]) {
            let to = root.join(&file[1..]);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        fs::write(root.join("etc/marker"), format!("{marker}\n")).unwrap();
        fs::write(root.join("usr/lib/os-release"), "ID=test\n").unwrap();
        // As on real systems; where it is mounted, the link leads nowhere.
        symlink("/usr/lib/os-release", root.join("etc/os-release")).unwrap();
        root
    }

    /// Returns an ext4 file system with this directory's contents.
    pub(crate) fn ext4(&self, directory: &Path) -> Vec<u8> {
        let file = directory.with_extension("ext4");
        // mke2fs is in a directory that an ordinary user's PATH may lack.
        let places = ["/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join("mke2fs"));
        let tool = places.into_iter().find(|path| path.is_file());
        let mut tool = Command::new(tool.expect("mke2fs is installed"));
        tool.args(["-q", "-t", "ext4", "-d"]).arg(directory);
        let output = tool.arg(&file).arg("32M").output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        fs::read(file).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Imports a disk that is refused only in the VM, or because of what comes out of it.
    pub(crate) fn refuse(&self, source: &str, limit: &str, words: &str) {
        let mut command = self.vm_test(&["image", "import", "refused-disk", source]);
        let output = command.env("VM_TEST_IMAGE_LIMIT", limit).output().unwrap();
        let text = text_of(&output);
        assert!(!output.status.success(), "{text}");
        let here = self.directory.path().to_str().unwrap();
        let words = words
            .replace("{}", here)
            .replace("HERE", std::env::consts::ARCH);
        assert!(
            text.contains(&format!("error: cannot import {words}")),
            "{text}"
        );
        let images = self.succeed(&["image", "list", "--json"]);
        assert!(!images.contains("refused-disk"), "{images}");
    }
}
