//! Assembles the root of an imported disk: mounts its other file systems as its own `/etc/fstab`,
//! or the types of the disk's partitions, say. Missing ones are errors with a name; nothing is
//! written to the disk.

use super::fstab::{self, Entry, Source};
use super::partition::{FLAGS, PATH, Partition};
use rustix::mount::{mount, mount_bind};
use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Partition types that tell where a partition is mounted.
const TYPES: [(&str, &str); 5] = [
    ("8484680c-9521-48c6-9c11-b0720656f69e", "usr"),
    ("b0e01050-ee5f-4390-949a-9101b17104e9", "usr"),
    ("4d21b016-b534-45c2-a9fb-5c16e091fd2d", "var"),
    ("933ac7e1-2eb4-4f13-b844-0e14e2aef915", "home"),
    ("3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "srv"),
];

/// Directories that are empty on no installed system, unless a file system belongs there.
const FULL: [&str; 2] = ["usr", "var"];

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Mounts everything that belongs into the root.
pub(super) fn assemble(root: &Path, partitions: &[Partition]) -> Result<(), String> {
    let path = root.join("etc/fstab");
    // A link would lead out of the root.
    let is_file =
        fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() < LONGEST);
    let text = if is_file {
        fs::read(&path).unwrap_or_default()
    } else {
        Vec::new()
    };
    let text = String::from_utf8_lossy(&text);
    let entries = fstab::entries(&text);
    for entry in &entries {
        add(root, partitions, entry)?;
    }
    for partition in partitions {
        let kind = partition.said("PART_ENTRY_TYPE");
        let found = TYPES
            .iter()
            .find(|(known, _)| kind.as_deref() == Some(known));
        let Some((_, name)) = found else {
            continue;
        };
        let place = root.join(name);
        if partition.kind.is_some() && is_empty(&place) {
            mount_bind(&partition.place, &place)
                .map_err(|error| format!("its /{name} cannot be mounted: {error}"))?;
        }
    }
    match lacking(root, &text) {
        Some(name) => Err(format!(
            "its /{name} is empty, and its /etc/fstab does not say what belongs there"
        )),
        None => Ok(()),
    }
}

/// Returns a directory that lacks its content, although the table does not say that it may.
fn lacking(root: &Path, table: &str) -> Option<&'static str> {
    FULL.into_iter()
        .filter(|name| is_empty(&root.join(name)))
        .find(|name| *name == "usr" || !fstab::may_be_empty(table, &Path::new("/").join(name)))
}

fn add(root: &Path, partitions: &[Partition], entry: &Entry) -> Result<(), String> {
    let shown = entry.place.display();
    let missing = |cause: &str| {
        // A root without kernels is still a root.
        if entry.is_optional || entry.place == Path::new("/boot") {
            Ok(())
        } else {
            Err(format!("its {shown} is on {}, {cause}", entry.words))
        }
    };
    let place = inside(root, &entry.place);
    let Some(place) = place else {
        return missing("and there is no directory of that name for it");
    };
    let mounted = match &entry.source {
        Source::Elsewhere => return missing("which is not on this disk"),
        Source::Directory(directory) => match inside(root, directory) {
            Some(from) => mount_bind(from, &place),
            None => return missing("and there is no such directory"),
        },
        source => {
            let Some(partition) = partitions.iter().find(|it| it.is(source)) else {
                return missing("which is not on this disk");
            };
            let Some(kind) = partition.kind else {
                return missing(&format!(
                    "which is {} with {}",
                    partition.shown,
                    partition.content()
                ));
            };
            match &entry.subvolume {
                Some(name) if kind == "btrfs" => {
                    let option = CString::new(format!("subvol={}", name.replace(',', "\\,")));
                    let option = option.unwrap_or_default();
                    mount(partition.device(), &place, kind, FLAGS, &*option)
                }
                _ => mount_bind(&partition.place, &place),
            }
        }
    };
    mounted.or_else(|error| missing(&format!("and cannot be mounted: {error}")))
}

/// Returns a directory of the root, without links on the way, which could lead out of it.
fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut place = root.to_path_buf();
    for part in path.strip_prefix("/").unwrap_or(path).components() {
        place.push(part);
        let is_directory = fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir());
        if !is_directory || part == std::path::Component::ParentDir {
            return None;
        }
    }
    Some(place)
}

fn is_empty(directory: &Path) -> bool {
    let is_directory = fs::symlink_metadata(directory).is_ok_and(|meta| meta.is_dir());
    is_directory && fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

impl Partition {
    /// Returns whether it is the one that a line refers to.
    fn is(&self, source: &Source) -> bool {
        match source {
            Source::Number(number) => self.number == *number,
            Source::Called(key, value) => {
                let key = match *key {
                    "PARTUUID" => "PART_ENTRY_UUID",
                    "PARTLABEL" => "PART_ENTRY_NAME",
                    key => key,
                };
                // UUIDs are written in either case; labels may differ only in case.
                let is_number = key.ends_with("UUID");
                self.said(key).is_some_and(|said| {
                    if is_number {
                        said.eq_ignore_ascii_case(value)
                    } else {
                        said == *value
                    }
                })
            }
            _ => false,
        }
    }

    /// Returns what blkid reports about it under this key.
    fn said(&self, key: &str) -> Option<String> {
        let mut program = Command::new("blkid");
        program
            .env("PATH", PATH)
            .args(["-p", "-o", "value", "-s", key]);
        let output = program.arg(self.device()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let line = text.lines().next()?.to_owned();
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_without_the_content_of_usr_or_var_is_lacking_it_unless_its_table_says_so() {
        let in_memory = "tmpfs /var tmpfs rw 0 0";
        for (content, table, expected) in [
            (&["usr/bin", "var/lib"][..], "", None),
            // Minimal roots have no such directory at all.
            (&["usr/bin"], "", None),
            (&["usr", "var/lib"], "", Some("usr")),
            (&["usr/bin", "var"], "# nothing\n", Some("var")),
            (&["usr", "var"], "", Some("usr")),
            (&["usr/bin", "var"], "/dev/sda3 /var/log ext4", Some("var")),
            (&["usr/bin", "var"], in_memory, None),
            (&["usr", "var"], in_memory, Some("usr")),
        ] {
            let root = tempfile::tempdir().unwrap();
            for directory in content {
                fs::create_dir_all(root.path().join(directory)).unwrap();
            }
            assert_eq!(lacking(root.path(), table), expected, "{content:?} {table}");
        }
    }
}
