//! A vm-test for one suite: the built program with its own runtime directory. Stops the daemon at
//! the end.

use crate::streams::text_of;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The built program, with its own runtime directory.
#[derive(Debug)]
pub struct Host {
    runtime: TempDir,
    store: Option<PathBuf>,
    guest: Option<&'static str>,
}

impl Host {
    /// Returns a host with a new runtime directory; its daemon starts with the first lease.
    #[must_use]
    pub fn new() -> Self {
        let runtime = tempfile::Builder::new()
            .prefix("vmt-")
            .tempdir_in("/tmp")
            .expect("a directory in /tmp");
        Self {
            runtime,
            store: None,
            guest: None,
        }
    }

    /// Uses the store that all suites of this user share, so that each image is bootstrapped once.
    ///
    /// The runner may name another one; the default is in the target directory.
    #[must_use]
    pub fn with_shared_store(mut self) -> Self {
        let named = std::env::var_os("VM_TEST_SUITES_STORE").map(PathBuf::from);
        let exe = std::env::current_exe().expect("the path of this test binary");
        let target = exe.ancestors().nth(3).expect("a target directory");
        self.store = Some(named.unwrap_or_else(|| target.join("suites-store")));
        self
    }

    /// Uses this store.
    #[must_use]
    pub fn with_store(mut self, store: &Path) -> Self {
        self.store = Some(store.to_owned());
        self
    }

    /// Redirects tests of guest `host` to another guest.
    #[must_use]
    pub fn with_guest(mut self, guest: &'static str) -> Self {
        self.guest = Some(guest);
        self
    }

    /// Builds these images in its store, from recipes in the directory or built-in ones.
    ///
    /// # Panics
    /// If one cannot be built.
    pub fn build_images(&self, directory: &Path, images: &[&str]) {
        for image in images {
            let mut build = self.vm_test();
            build.args(["image", "build", image]).current_dir(directory);
            let output = build.output().expect("vm-test starts");
            assert!(output.status.success(), "{image}: {}", text_of(&output));
        }
    }

    /// Returns the store that all suites of this user share.
    ///
    /// # Panics
    /// If this host has another store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.store.clone().expect("the shared store")
    }

    /// Returns the program `vm-test` that was built with this workspace.
    #[must_use]
    pub fn program() -> PathBuf {
        if let Some(path) = std::env::var_os("VM_TEST_BIN") {
            return path.into();
        }
        let exe = std::env::current_exe().expect("the path of this test binary");
        let program = exe.ancestors().nth(2).map(|dir| dir.join("vm-test"));
        program
            .filter(|path| path.is_file())
            .expect("vm-test is built: cargo build -p vm-test-executor (cargo xtask test does it)")
    }

    /// Returns the runtime directory, which does not exist after the daemon has ended.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.runtime.path().join("run")
    }

    /// Returns where its daemons share their budgets, which does not exist after they have ended.
    #[must_use]
    pub fn claims(&self) -> PathBuf {
        self.runtime.path().join("claims")
    }

    /// Makes a command use this host, without the environment that cargo or nextest gave this test.
    pub fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let foreign = ["CARGO", "NEXTEST", "RUST", "VM_TEST", "LLVM_", "__"];
            let kept = [
                "CARGO_HOME",
                "RUSTUP_HOME",
                "RUSTUP_TOOLCHAIN",
                "CARGO_NET_OFFLINE",
                // Where a program that was built for coverage writes its profile.
                "LLVM_PROFILE_FILE",
            ];
            if foreign.iter().any(|prefix| text.starts_with(prefix)) && !kept.contains(&&*text) {
                command.env_remove(&name);
            }
        }
        command
            .env("VM_TEST_BIN", Self::program())
            .env("VM_TEST_RUNTIME_DIR", self.runtime())
            // Other daemons must not use up the budget of these tests.
            .env("VM_TEST_CLAIMS_DIR", self.claims());
        if let Some(store) = &self.store {
            command.env("VM_TEST_STORE", store);
        }
        if let Some(guest) = self.guest {
            command.env("VM_TEST_GUEST", guest);
        }
        command
    }

    /// Returns a command line of `vm-test` on this host.
    #[must_use]
    pub fn vm_test(&self) -> Command {
        let mut command = Command::new(Self::program());
        self.adopt(&mut command);
        command
    }

    /// Returns whether a daemon is running.
    #[must_use]
    pub fn has_daemon(&self) -> bool {
        std::fs::read_dir(self.runtime()).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| is_socket(&entry.path())))
        })
    }

    /// Stops the daemon, if it runs, and waits until it is gone.
    pub fn stop(&self) {
        if self.runtime().exists() {
            let stopped = self.vm_test().arg("stop").output().expect("vm-test starts");
            assert!(stopped.status.success(), "vm-test stop: {stopped:?}");
        }
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if self.runtime().exists() {
            let _ = self.vm_test().arg("stop").output();
        }
    }
}

fn is_socket(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "sock")
}
