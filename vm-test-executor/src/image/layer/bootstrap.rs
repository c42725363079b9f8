//! Runs mmdebstrap, which bootstraps a fresh Debian or Ubuntu.
//!
//! Does not know layers.

use super::release::Release;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;

/// The program that bootstraps Debian.
const TOOL: &str = "mmdebstrap";

/// The `PATH` of the process in the user's namespaces.
pub(in crate::image) const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Checks that the tool and the keys are installed, before anything is created.
pub(in crate::image) fn check_tool(release: &Release) -> Result<(), Failure> {
    if std::env::split_paths(PATH).any(|dir| dir.join(TOOL).is_file()) {
        return release.check_keys();
    }
    Err(Failure::new(format!(
        "cannot bootstrap {release}: there is no {TOOL} in {PATH}"
    ))
    .hint("install it: apt-get install mmdebstrap"))
}

/// Bootstraps a release into a directory.
///
/// Runs as root of the user's namespaces, with the host's network: everything that the tool starts
/// is in a separate pid namespace and ends with this process.
pub(in crate::image) fn bootstrap(
    into: &Path,
    log: &Path,
    release: &Release,
    packages: &[String],
) -> io::Result<()> {
    let mut arguments = arguments(release, "minbase");
    if !packages.is_empty() {
        arguments.push(format!("--include={}", packages.join(",")).into());
    }
    arguments.extend([release.suite.clone().into(), into.into()]);
    run_tool(&arguments, log)?;
    forget_this_host(into)
}

/// Returns the tool's arguments for a release, up to what is included.
pub(in crate::image) fn arguments(release: &Release, variant: &str) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["--mode=root", "--format=directory"]
        .map(OsString::from)
        .into();
    arguments.push(format!("--variant={variant}").into());
    if let Some(components) = release.components() {
        arguments.push(format!("--components={components}").into());
    }
    if let Some(keyring) = &release.keyring {
        let mut argument = OsString::from("--keyring=");
        argument.push(keyring);
        arguments.push(argument);
    }
    arguments
}

/// Removes this host's name, which the tool copies for its own use: guests have their own.
fn forget_this_host(root: &Path) -> io::Result<()> {
    match std::fs::remove_file(root.join("etc/hostname")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Runs the tool; its output goes to a log, and an error includes its messages.
pub(in crate::image) fn run_tool(arguments: &[OsString], log: &Path) -> io::Result<()> {
    let status = Command::new(TOOL)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(log)?)
        .status()
        .map_err(|error| io::Error::new(error.kind(), format!("{TOOL}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let words = std::fs::read_to_string(log).unwrap_or_default();
    let errors: Vec<_> = words.lines().filter(|line| line.starts_with('E')).collect();
    Err(io::Error::other(if errors.is_empty() {
        status.to_string()
    } else {
        errors.join("; ")
    }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_of_the_host_that_builds_an_image_does_not_get_into_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let name = root.path().join("etc/hostname");
        std::fs::write(&name, "builder\n").unwrap();
        for _ in 0..2 {
            super::forget_this_host(root.path()).unwrap();
            assert!(!name.exists());
        }
    }
}
