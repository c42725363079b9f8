//! A disk from elsewhere, in the form that the user names. It is never mounted on the host and its form is never guessed,
//! because a guess lets the content decide which other files are opened.

use super::archive::open;
use super::limits::{ENV_LIMIT, Limits, words};
use super::qcow2;
use super::refusal::cannot;
use std::fs::File;
use std::path::Path;
use vm_test::protocol::failure::Failure;

/// The form of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The bytes of the disk as they are.
    Raw,
    /// QEMU's format, version 2 or 3.
    Qcow2,
}

/// Checks the disk at this path in every way that needs no look at its file systems.
pub(super) fn check(path: &Path, form: Form) -> Result<(), Failure> {
    let name = path.display().to_string();
    check_file(&open(path, &name)?, form, &name)
}

/// Checks an open disk.
pub(super) fn check_file(file: &File, form: Form, name: &str) -> Result<(), Failure> {
    let size = match form {
        Form::Raw => file.metadata().map_err(|error| cannot(name, error))?.len(),
        Form::Qcow2 => qcow2::check_header(file, name)?,
    };
    let limits = Limits::of_environment()?;
    if size > limits.bytes {
        let cause = format!(
            "the disk has {}, more than the limit of {}",
            words(size),
            words(limits.bytes)
        );
        return Err(cannot(name, cause).hint(format!(
            "if you trust it, raise the limit, as in {ENV_LIMIT}=40G"
        )));
    }
    if size == 0 {
        return Err(cannot(name, "the disk is empty").hint("fetch or make it again"));
    }
    match form {
        Form::Raw => Ok(()),
        Form::Qcow2 => qcow2::check_tables(file, name),
    }
}

/// What becomes of a disk with which nothing is wrong.
pub(super) fn unreadable(name: &str, form: Form) -> Failure {
    let form = match form {
        Form::Raw => "raw",
        Form::Qcow2 => "qcow2",
    };
    cannot(
        name,
        format!("this version cannot read a disk image ({form}): that needs the kvm backend"),
    )
    .hint("import the root file system that is on it, as a tar archive or a directory")
}
