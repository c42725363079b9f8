//! `vm-test store create`: makes a store on a new file system in a file, mounted through a loop
//! device. Needs root.

use super::args::StoreCommand;
use super::output::{remark, size};
use crate::image::{MOUNT_OPTIONS, disk_of};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::store;

/// The smallest btrfs that can be made, in bytes.
const SMALLEST: u64 = 256 << 20;

/// Makes the file system and mounts it; leaves nothing behind on failure.
pub(super) fn run(command: &StoreCommand) -> Result<(), Failure> {
    let StoreCommand::Create {
        size: bytes,
        at,
        owner,
        ..
    } = command;
    let dir = at.clone().map_or_else(store, Ok)?;
    let cannot =
        |cause: String| Failure::new(format!("cannot make a store at {}: {cause}", dir.display()));
    if !rustix::process::geteuid().is_root() {
        return Err(cannot("only root may mount a file system".to_owned())
            .hint("run it as root, with --owner USER for a store of an ordinary user"));
    }
    if *bytes < SMALLEST {
        return Err(cannot(format!("{} is too small", size(*bytes)))
            .hint("--size must be at least 256M; a Debian image takes about 300M"));
    }
    let file = disk_of(&dir);
    if file.exists() {
        return Err(
            cannot(format!("{} already exists", file.display())).hint(format!(
                "mount it: mount -o {MOUNT_OPTIONS} {} {}",
                file.display(),
                dir.display()
            )),
        );
    }
    fs::create_dir_all(&dir).map_err(|error| cannot(error.to_string()))?;
    let is_empty = fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_none());
    if !is_empty {
        return Err(cannot("the directory is not empty".to_owned())
            .hint("name an empty one with --at, or move its content away"));
    }
    let made = make(&file, &dir, *bytes, owner.as_deref());
    if made.is_err() {
        let _ = fs::remove_file(&file);
    }
    made.map_err(|failure| cannot(failure.text()).hint(failure.hint.unwrap_or_default()))?;
    remark(&format!(
        "made a store of at most {} at {}; to mount it at every boot, add to /etc/fstab:\n{} {} btrfs {MOUNT_OPTIONS} 0 0",
        size(*bytes),
        dir.display(),
        file.display(),
        dir.display()
    ));
    Ok(())
}

fn make(file: &Path, dir: &Path, bytes: u64, owner: Option<&str>) -> Result<(), Failure> {
    let disk = |error: io::Error| Failure::new(format!("{}: {error}", file.display()));
    let created = File::options().write(true).create_new(true).open(file);
    created.and_then(|new| new.set_len(bytes)).map_err(disk)?;
    let (file, dir) = (file.as_os_str(), dir.as_os_str());
    execute(
        Command::new("mkfs.btrfs").arg("--quiet").arg(file),
        "install it: apt-get install btrfs-progs",
    )?;
    execute(
        Command::new("mount")
            .args(["-t", "btrfs", "-o", MOUNT_OPTIONS])
            .arg(file)
            .arg(dir),
        "the kernel needs btrfs and loop devices: modprobe -a btrfs loop",
    )?;
    let Some(owner) = owner else { return Ok(()) };
    // `USER:` stands for the user and the user's own group.
    let given = execute(
        Command::new("chown")
            .arg("--")
            .arg(format!("{owner}:"))
            .arg(dir),
        "--owner takes the name of a user of this host",
    );
    if given.is_err() {
        let _ = Command::new("umount").arg(dir).status();
    }
    given
}

fn execute(command: &mut Command, hint: &str) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| Failure::new(format!("{program}: {error}")).hint(hint))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("{program}: {}", words.trim())).hint(hint))
}
