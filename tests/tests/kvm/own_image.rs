//! An image that only one test has, so that the test may damage its files while others start VMs.

use super::files_of_machine;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use vm_test_tests::host::Host;

/// The image, its workspace, and a guest `machine` there; their files in the store go with them.
pub(crate) struct OwnImage<'a> {
    host: &'a Host,
    name: String,
    workspace: TempDir,
    made: Vec<PathBuf>,
}

impl<'a> OwnImage<'a> {
    /// Builds it in a workspace below this directory, with one file more than its base has.
    pub(crate) fn new(host: &'a Host, within: &Path, base: &str) -> Self {
        let workspace = tempfile::tempdir_in(within).unwrap();
        let name = format!("own-{}", std::process::id());
        let images = workspace.path().join("images");
        fs::create_dir(&images).unwrap();
        // The name in the file makes the content, too, this process's own.
        fs::write(images.join("own"), &name).unwrap();
        let recipe =
            format!("base = \"{base}\"\n[[files]]\nfrom = \"own\"\nto = \"/etc/own-image\"\n");
        fs::write(images.join(format!("{name}.toml")), recipe).unwrap();
        let guests = format!(
            "[guest.machine]\nbackend = \"kvm\"\nimage = \"{name}\"\naccelerator = \"tcg\"\n"
        );
        fs::write(workspace.path().join("vm-test.toml"), guests).unwrap();
        host.build_images(workspace.path(), &[&name]);
        Self {
            host,
            name,
            workspace,
            made: Vec::new(),
        }
    }

    /// Returns the directory of `vm-test.toml`.
    pub(crate) fn workspace(&self) -> &Path {
        self.workspace.path()
    }

    /// Returns the disk that its VMs start from.
    pub(crate) fn disk(&mut self) -> PathBuf {
        let files = files_of_machine(self.host, &self.name);
        let disk = PathBuf::from(files["root"].as_str().unwrap());
        self.takes_away(disk.parent().unwrap());
        disk
    }

    /// Removes this directory of the store with the image.
    pub(crate) fn takes_away(&mut self, directory: &Path) {
        self.made.push(directory.to_owned());
    }
}

impl Drop for OwnImage<'_> {
    fn drop(&mut self) {
        // A spare may be in preparation.
        let _ = self.host.vm_test().arg("stop").output();
        let mut remove = self.host.vm_test();
        let _ = remove.args(["image", "rm", &self.name]).output();
        for directory in &self.made {
            let _ = fs::remove_dir_all(directory);
        }
    }
}
