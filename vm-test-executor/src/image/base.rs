//! Tar archives that layers are made from: a fresh Debian by mmdebstrap, somebody's archive, a file of the host. Unpacks
//! nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use vm_test::protocol::failure::Failure;

/// Where Debian's packages of keys put theirs.
const TOOL: &str = "mmdebstrap";

/// Bootstraps a release of Debian into a tar archive.
pub(super) fn debian(
    release: &str,
    packages: &[String],
    archive: &Path,
    log: &Path,
) -> Result<(), Failure> {
    let is_root = rustix::process::geteuid().is_root();
    let cannot =
        |cause: String| Failure::new(format!("cannot bootstrap Debian {release}: {cause}"));
    let log_file =
        File::create(log).map_err(|error| cannot(format!("{}: {error}", log.display())))?;
    let mut command = Command::new(TOOL);
    command
        .arg(if is_root {
            "--mode=root"
        } else {
            "--mode=unshare"
        })
        .args(["--variant=minbase", "--format=tar"])
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log_file);
    if !packages.is_empty() {
        command.arg(format!("--include={}", packages.join(",")));
    }
    let status = command
        .arg(release)
        .arg(archive)
        .status()
        .map_err(|error| {
            let failure = cannot(format!("{TOOL}: {error}"));
            if error.kind() == std::io::ErrorKind::NotFound {
                return failure.hint("install it: apt-get install mmdebstrap");
            }
            failure
        })?;
    if status.success() {
        return Ok(());
    }
    let words = std::fs::read_to_string(log).unwrap_or_default();
    let errors: Vec<_> = words.lines().filter(|line| line.starts_with('E')).collect();
    let cause = if errors.is_empty() {
        status.to_string()
    } else {
        errors.join("; ")
    };
    Err(cannot(cause))
}

/// Opens a tar archive of a root file system.
pub(super) fn archive(path: &PathBuf) -> Result<File, Failure> {
    File::open(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}

/// The file or directory as a tar archive with nothing of this host in it but names, permissions and contents.
pub(super) fn of_entry(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |cause: String| Failure::new(format!("cannot read {}: {cause}", path.display()));
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(cannot("it is not a file or a directory".to_owned()));
    };
    let output = Command::new("tar")
        .args([
            "--create",
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .arg("--directory")
        .arg(dir)
        .arg("--")
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot(error.to_string()))?;
    if !output.status.success() {
        return Err(cannot(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    Ok(output.stdout)
}
