//! Makes a VM's files in a process in the user's namespaces, where all of a guest's ids are mapped.
//!
//! The layers, merged into one root, become a disk; the kernel and the modules are taken from them.
//! Layers are not trusted: paths are resolved within the root only.

#[cfg(test)]
mod tests;

use super::bzimage;
use super::kernel::{check_release, modules_of, vmlinuz_of};
use super::modules::{Entry, Indexes, Modules, WANTED, name_of};
use crate::image::layer::merge;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use vm_test_protocol::machine::OPTIONAL;

/// The names of a VM's files.
pub(in crate::image) const ROOT: &str = "root.img";
pub(in crate::image) const VMLINUZ: &str = "vmlinuz";
pub(in crate::image) const VMLINUX: &str = "vmlinux";
pub(in crate::image) const MODULES: &str = "modules";

/// The file that lists the modules in loading order, one per line.
///
/// [`OPTIONAL`] follows those that a VM can do without.
pub(in crate::image) const ORDER: &str = "order";

/// The program that creates the file system.
const TOOL: &str = "mke2fs";

/// The largest kernel file that is read as a whole.
const LARGEST: u64 = 512 << 20;

/// The minimum size of the root disk, most of which is a hole in its file.
const SMALLEST_DISK: u64 = 8 << 30;

/// A constant file system id, so that mounts by id work.
///
/// Changing it changes the content of every disk.
const DISK_ID: &str = "766d7465-7374-4000-8000-000000000001";

/// The size of the journal, which is a hole in the file.
const JOURNAL: &str = "size=16";

/// Where ext4's superblock has its compatible features, in bytes, and the feature of a journal.
const FEATURES: u64 = 1024 + 0x5c;
const HAS_JOURNAL: u32 = 0x4;

/// An order to make a VM's files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::image) struct Order {
    /// The layers, base first, relative to the store.
    pub(in crate::image) layers: Vec<PathBuf>,
    /// The kernel's release.
    pub(in crate::image) release: String,
    /// The total size of the layers' files.
    pub(in crate::image) bytes: u64,
    /// The existing directory for the files.
    pub(in crate::image) into: PathBuf,
}

/// Carries out the order.
pub(in crate::image) fn carry_out(store: &Path, order: &Order) -> io::Result<()> {
    check_release(&order.release).map_err(|()| io::ErrorKind::InvalidInput)?;
    let into = store.join(&order.into);
    let root = merge::root(store, &order.layers)?;
    let vmlinuz = read_whole(&root, &vmlinuz_of(&order.release))?;
    publish(&into.join(VMLINUZ), &vmlinuz)?;
    if bzimage::unpack(&vmlinuz, &into.join(VMLINUX))? {
        close(&into.join(VMLINUX))?;
    }
    drop(vmlinuz);
    take_modules(&root, &order.release, &into.join(MODULES))?;
    make_disk(&root, order.bytes, &into.join(ROOT))
}

fn open(root: &OwnedFd, path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = openat2(
        root.as_fd(),
        path,
        flags,
        Mode::empty(),
        ResolveFlags::IN_ROOT,
    )
    .map_err(io::Error::from)
    .map(File::from)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no file"))
    }
}

fn read_whole(root: &OwnedFd, path: &Path) -> io::Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        open(root, path)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST {
            Err(io::ErrorKind::FileTooLarge.into())
        } else {
            Ok(bytes)
        }
    };
    read().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    })
}

/// Writes a file and makes it read-only.
fn publish(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    close(path)
}

fn close(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(0o444))
}

/// Copies the modules that a VM loads at boot.
///
/// They are decompressed, because the initramfs has no decompressor.
fn take_modules(root: &OwnedFd, release: &str, into: &Path) -> io::Result<()> {
    fs::create_dir(into)?;
    fs::set_permissions(into, Permissions::from_mode(0o755))?;
    let home = modules_of(release);
    // The authors' names may be in any encoding.
    let read = |name: &str| match read_whole(root, &home.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned())),
    };
    // A kernel with everything built in needs no modules; only booting shows whether it has.
    let Some(dependencies) = read("modules.dep")? else {
        return publish(&into.join(ORDER), b"");
    };
    let others = [
        "modules.builtin.modinfo",
        "modules.softdep",
        "modules.alias",
    ];
    let [built_in_words, soft, aliases] =
        others.map(|name| read(name).map(Option::unwrap_or_default));
    let order = Modules::parse(Indexes {
        dependencies: &dependencies,
        built_in: read("modules.builtin")?.as_deref(),
        built_in_words: &built_in_words?,
        soft: &soft?,
        aliases: &aliases?,
    });
    let order = order.order(&WANTED).map_err(io::Error::other)?;
    let mut names = String::new();
    for Entry { path, is_required } in order {
        let name = name_of(&path);
        let target = into.join(format!("{name}.ko"));
        let bytes = read_whole(root, &home.join(&path))?;
        let program = [(".xz", "xz"), (".zst", "zstd"), (".gz", "gzip")]
            .into_iter()
            .find(|(end, _)| path.ends_with(end));
        match program {
            None => fs::write(&target, bytes)?,
            Some((_, program)) => {
                let packed = into.join("packed");
                fs::write(&packed, bytes)?;
                bzimage::decompress(program, &packed, &target, LARGEST)?;
                fs::remove_file(&packed)?;
            }
        }
        close(&target)?;
        let mark = if is_required { "" } else { OPTIONAL };
        names += &format!("{name}{mark}\n");
    }
    publish(&into.join(ORDER), names.as_bytes())
}

/// Makes a disk with the root's files.
///
/// It is mostly the base of short-lived overlays: no checksums, no lazy initialisation, and a journal
/// that only the nodes of labs use, whose disks outlive them.
fn make_disk(root: &OwnedFd, bytes: u64, disk: &Path) -> io::Result<()> {
    let size = bytes
        .saturating_mul(2)
        .next_multiple_of(1 << 30)
        .max(SMALLEST_DISK);
    let output = Command::new(TOOL)
        .args([
            "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-m", "0",
        ])
        .args([
            "-O",
            "has_journal,^metadata_csum,^resize_inode,^orphan_file",
        ])
        .args(["-J", JOURNAL])
        .args(["-U", DISK_ID, "-L", "root"])
        .arg("-E")
        .arg(format!(
            "hash_seed={DISK_ID},lazy_itable_init=0,lazy_journal_init=1,nodiscard,root_owner=0:0"
        ))
        .args(["-d", "."])
        .arg(disk)
        .arg(format!("{}k", size >> 10))
        // The child has this descriptor until it executes the tool.
        .current_dir(format!("/proc/self/fd/{}", root.as_raw_fd()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{TOOL}: {error}")))?;
    if output.status.success() {
        rest_journal(disk)?;
        return close(disk);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.trim().lines().next_back().unwrap_or_default();
    Err(io::Error::other(format!(
        "{TOOL}: {last} ({})",
        output.status
    )))
}

/// Makes a file system not use its journal, which stays there.
fn rest_journal(disk: &Path) -> io::Result<()> {
    let disk = File::options().read(true).write(true).open(disk)?;
    let mut features = [0; 4];
    disk.read_exact_at(&mut features, FEATURES)?;
    let without = u32::from_le_bytes(features) & !HAS_JOURNAL;
    disk.write_all_at(&without.to_le_bytes(), FEATURES)
}
