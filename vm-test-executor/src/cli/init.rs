//! `vm-test init`: a commented `vm-test.toml`, the dev-dependency, and a first test. Adds what is
//! missing; never changes a file that is there, except the manifest, which cargo itself edits.

mod files;
mod package;

use super::args::InitArgs;
use super::output::remark;
use super::target::cargo;
use crate::config::{FILE, Workspace};
use files::{CONFIGURATION, TEST};
use package::Package;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;

/// The crate with the attribute.
const CRATE: &str = "vm-test";

/// The name of the first test's file, without its extension.
const TARGET: &str = "on_vm";

/// Prepares a package, and the workspace that it belongs to.
pub(super) fn run(args: &InitArgs) -> Result<(), Failure> {
    let package = Package::find(args.package.as_deref())?;
    // A configuration that is wrong stops this before anything is written.
    let workspace = Workspace::find(&package.directory)?;
    depend(&package, args.path.as_deref())?;
    match workspace.file() {
        Some(file) => remark(&format!("kept {}, as it is", file.display())),
        None => write(&package.workspace.join(FILE), CONFIGURATION)?,
    }
    let test = package.directory.join("tests").join(format!("{TARGET}.rs"));
    write(&test, TEST)?;
    remark(&format!(
        "run it: cargo test --package {} --test {TARGET}",
        package.name
    ));
    Ok(())
}

/// Has cargo add the crate, if the package does not depend on it.
fn depend(package: &Package, path: Option<&Path>) -> Result<(), Failure> {
    if package.depends_on(CRATE) {
        remark(&format!("`{}` depends on {CRATE} already", package.name));
        return Ok(());
    }
    let mut command = Command::new(cargo());
    command.args(["add", "--quiet", "--dev", "--package", &package.name]);
    match path {
        Some(path) => {
            let path = path.canonicalize().map_err(|error| {
                Failure::new(format!("cannot find {}: {error}", path.display()))
            })?;
            command.arg("--path").arg(path);
        }
        None => {
            command.arg(format!("{CRATE}@{}", env!("CARGO_PKG_VERSION")));
        }
    }
    command.current_dir(&package.directory).stdin(Stdio::null());
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
    if status.success() {
        remark(&format!(
            "added {CRATE} to the dev-dependencies of `{}`",
            package.name
        ));
        return Ok(());
    }
    let failure = Failure::new(format!(
        "cannot add {CRATE} to the dev-dependencies of `{}`: cargo ended with {status}",
        package.name
    ));
    Err(match path {
        Some(_) => failure,
        None => failure.hint("with a clone of vm-test: vm-test init --path CLONE/vm-test"),
    })
}

/// Writes a file that does not exist yet; one that does stays.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let fail =
        |error: std::io::Error| Failure::new(format!("cannot write {}: {error}", path.display()));
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(fail)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(fail)?;
            remark(&format!("wrote {}", path.display()));
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            remark(&format!("kept {}, as it is", path.display()));
        }
        Err(error) => return Err(fail(error)),
    }
    Ok(())
}
