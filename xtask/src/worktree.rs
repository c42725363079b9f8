//! A copy of the project together with the account that works in it, and cargo commands there.
//! `demo` and `phase` decide which commands to run.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::command;
use crate::mirror::{self, Owner};
use crate::toolchain;
use crate::user::OrdinaryUser;

/// The package with the end-to-end suites.
pub(crate) const SUITES_PACKAGE: &str = "vm-test-tests";

/// A copy of the project that can be built and tested.
pub(crate) struct Worktree {
    /// The workspace root.
    pub(crate) root: PathBuf,
    /// Where cargo puts build results.
    target: PathBuf,
    /// The account that owns this copy, unless it is the one that runs xtask.
    account: Option<LentAccount>,
    /// Variables that every command gets here.
    variables: Vec<(String, String)>,
}

/// The ordinary user's account, which only one xtask at a time may use.
struct LentAccount {
    user: OrdinaryUser,
    _lock: File,
}

impl Worktree {
    /// Returns the copy that xtask itself was built from.
    pub(crate) fn current() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("cannot find the workspace root")?;
        let metadata = metadata(root)?;
        let target = metadata["target_directory"]
            .as_str()
            .context("cannot find cargo's target directory")?;
        Ok(Self {
            root: root.to_owned(),
            target: target.into(),
            account: None,
            variables: Vec::new(),
        })
    }

    /// Returns where cargo puts build results.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Changes the directory for build results.
    pub(crate) fn build_in(&mut self, target: &Path) {
        self.target = target.to_owned();
        let target = target.to_string_lossy().into_owned();
        self.variables.push(("CARGO_TARGET_DIR".to_owned(), target));
    }

    /// Gives every command these variables from now on.
    pub(crate) fn set(&mut self, variables: &[(String, String)]) {
        self.variables.extend_from_slice(variables);
    }

    /// Returns a copy of this one in the home of an ordinary user, whose account is made if
    /// necessary.
    ///
    /// Earlier build results are kept.
    pub(crate) fn for_ordinary_user(&self) -> Result<Self> {
        let lock = lock()?;
        let mut user = OrdinaryUser::ensure()?;
        toolchain::lend(&mut user, &self.root)?;
        let root = user.home.join("vm-test");
        let files = self.files()?;
        mirror::copy(
            &self.root,
            &files,
            &root,
            Owner {
                uid: user.uid,
                gid: user.gid,
            },
        )?;
        mirror::remove_others(&root, &files)?;
        let target = root.join("target");
        Ok(Self {
            root,
            target,
            account: Some(LentAccount { user, _lock: lock }),
            variables: Vec::new(),
        })
    }

    /// Returns the existing files that git tracks here or would add.
    fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let mut git = Command::new("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(&self.root);
        let names = command::capture(&mut git)?;
        let paths = names.split_terminator('\0').map(PathBuf::from);
        Ok(paths
            .filter(|path| fs::symlink_metadata(self.root.join(path)).is_ok())
            .collect())
    }

    /// Returns `cargo ARGUMENTS`, started here, with this copy's `vm-test` for the tests that start
    /// it.
    pub(crate) fn cargo(&self, arguments: &[impl AsRef<OsStr>]) -> Result<Command> {
        let mut cargo = match &self.account {
            None => command::cargo(),
            Some(account) => {
                let mut cargo = account.user.command("cargo")?;
                cargo.env("CARGO_NET_OFFLINE", "true");
                cargo
            }
        };
        cargo
            .args(arguments)
            .current_dir(&self.root)
            .env("VM_TEST_BIN", self.target.join("debug/vm-test"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        Ok(cargo)
    }

    /// Uses the programs that `other` has built.
    ///
    /// For another account they are copied: building them again would take a minute.
    pub(crate) fn share_programs_of(&self, other: &Self) -> Result<()> {
        other.build_executor()?;
        let Some(account) = &self.account else {
            return Ok(());
        };
        let owner = Owner {
            uid: account.user.uid,
            gid: account.user.gid,
        };
        let names = ["vm-test", "vm-test-agent", "vm-test-proxy"];
        let programs = names.map(|name| Path::new("debug").join(name));
        mirror::copy(&other.target, &programs.into(), &self.target, owner)
    }

    /// Builds the binaries `vm-test`, `vm-test-agent` and `vm-test-proxy`.
    pub(crate) fn build_executor(&self) -> Result<()> {
        command::run(&mut self.cargo(&["build", "-p", "vm-test-executor"])?)
    }
}

/// Waits until no other xtask uses the ordinary user's account.
fn lock() -> Result<File> {
    let path = Path::new(toolchain::LENDING).join("lock");
    fs::create_dir_all(toolchain::LENDING)
        .with_context(|| format!("cannot make {}", toolchain::LENDING))?;
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        println!("waiting for another `cargo xtask test` to finish with the ordinary user");
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// Returns the names of the suites of [`SUITES_PACKAGE`].
pub(crate) fn test_targets_of_suites(root: &Path) -> Result<Vec<String>> {
    let metadata = metadata(root)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cannot read cargo's list of packages")?;
    let package = packages
        .iter()
        .find(|package| package["name"] == SUITES_PACKAGE);
    let package = package.with_context(|| format!("cannot find the package {SUITES_PACKAGE}"))?;
    let targets = package["targets"].as_array().into_iter().flatten();
    let tests = targets.filter(|target| target["kind"][0] == "test");
    Ok(tests
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect())
}

fn metadata(root: &Path) -> Result<Value> {
    let mut cargo = command::cargo();
    cargo
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root);
    serde_json::from_str(&command::capture(&mut cargo)?)
        .context("cannot read the output of `cargo metadata`")
}
