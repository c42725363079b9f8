//! Gives an ordinary user a Rust toolchain that works without the network: the one that xtask runs
//! with if the user can execute it, otherwise hard links to its files in a directory that every
//! user may read; and a copy of the crates that root has fetched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo};
use crate::machine::{self, Machine};
use crate::mirror::{self, Owner};
use crate::user::OrdinaryUser;

/// Where the toolchain and the commands are copied if they are in a home that the user may not
/// enter.
pub(crate) const LENDING: &str = "/var/cache/vm-test-dev";

/// The manual is the larger half of a toolchain, and no compiler reads it.
const MANUAL: &str = "share/doc";

/// Makes sure that `user` can run `cargo` and its added commands for the workspace at `root`.
pub(crate) fn lend(user: &mut OrdinaryUser, root: &Path) -> Result<()> {
    let mut folders = vec![rust(user)?];
    for command in ADDED {
        folders.push(added(user, command)?);
    }
    folders.dedup();
    user.lend(folders);
    fetch(root)?;
    lend_crates(user)
}

/// Returns the directory of `cargo` and `rustc`.
fn rust(user: &OrdinaryUser) -> Result<PathBuf> {
    let sysroot = command::capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = fs::canonicalize(sysroot.trim()).context("cannot find the Rust toolchain")?;
    let commands = sysroot.join("bin");
    if can_run(user, &commands.join("rustc"), &["--version"]) {
        return Ok(commands);
    }
    let name = sysroot
        .file_name()
        .context("cannot name the Rust toolchain")?;
    let second = Path::new(LENDING).join("toolchains").join(name);
    if !second.exists() {
        println!(
            "lending {} to the ordinary user as {}",
            sysroot.display(),
            second.display()
        );
    }
    mirror::link(&sysroot, &second, &[MANUAL])?;
    let commands = second.join("bin");
    if !can_run(user, &commands.join("rustc"), &["--version"]) {
        bail!(
            "cannot run {} as an ordinary user\nhint: everybody must be allowed to enter {LENDING}",
            commands.join("rustc").display()
        );
    }
    Ok(commands)
}

/// The cargo commands that must be installed separately, and the argument with which each reports
/// that it is there.
const ADDED: [[&str; 2]; 2] = [["cargo-nextest", "nextest"], ["cargo-llvm-cov", "llvm-cov"]];

/// Returns the directory of one of cargo's added commands.
fn added(user: &OrdinaryUser, [name, word]: [&str; 2]) -> Result<PathBuf> {
    let original = Machine::here()
        .command(name)
        .with_context(|| format!("cannot find {name}"))?;
    let original = fs::canonicalize(&original)
        .with_context(|| format!("cannot find {}", original.display()))?;
    let arguments = [word, "--version"];
    let folder = if can_run(user, &original, &arguments) {
        original
            .parent()
            .with_context(|| format!("cannot find the folder of {name}"))?
            .to_owned()
    } else {
        let folder = Path::new(LENDING).join("bin");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::copy(&original, folder.join(name))
            .with_context(|| format!("cannot copy {}", original.display()))?;
        folder
    };
    if !can_run(user, &folder.join(name), &arguments) {
        bail!(
            "cannot run {} as an ordinary user",
            folder.join(name).display()
        );
    }
    Ok(folder)
}

fn can_run(user: &OrdinaryUser, program: &Path, arguments: &[&str]) -> bool {
    user.command(program)
        .is_ok_and(|mut command| command::capture(command.args(arguments)).is_ok())
}

/// Downloads the dependencies of the workspace and of the fixtures that have their own lock files.
fn fetch(root: &Path) -> Result<()> {
    let version = command::capture(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("cannot find the host's name in the output of `rustc -vV`")?;
    let mut manifests = vec![root.join("Cargo.toml")];
    if let Ok(fixtures) = fs::read_dir(root.join("tests/fixtures")) {
        let folders = fixtures.flatten().map(|fixture| fixture.path());
        manifests.extend(
            folders
                .filter(|it| it.join("Cargo.lock").exists())
                .map(|it| it.join("Cargo.toml")),
        );
    }
    for manifest in manifests {
        let mut fetch = cargo();
        // A fixture's own target directory belongs to the suites; with cargo's marker file in it,
        // no VM would get it.
        fetch
            .env("CARGO_TARGET_DIR", root.join("target"))
            .args([
                "fetch",
                "--locked",
                "--quiet",
                "--target",
                host,
                "--manifest-path",
            ])
            .arg(manifest);
        command::run(fetch.current_dir(root))?;
    }
    Ok(())
}

/// Copies cargo's settings and downloads, except what cargo has unpacked: the user's cargo unpacks
/// it again.
fn lend_crates(user: &OrdinaryUser) -> Result<()> {
    let from = machine::cargo_home().context("cannot find cargo's home")?;
    let mut files = BTreeSet::new();
    for folder in ["registry/index", "registry/cache"] {
        if from.join(folder).is_dir() {
            files.extend(
                mirror::files_below(&from.join(folder), &[])?
                    .iter()
                    .map(|file| Path::new(folder).join(file)),
            );
        }
    }
    files.extend(
        Some(PathBuf::from("config.toml")).filter(|settings| from.join(settings).is_file()),
    );
    mirror::copy(
        &from,
        &files,
        &user.home.join(".cargo"),
        Owner {
            uid: user.uid,
            gid: user.gid,
        },
    )
}
