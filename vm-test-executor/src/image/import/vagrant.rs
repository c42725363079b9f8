//! A Vagrant box for the libvirt provider: an archive of metadata.json, a Vagrantfile and a disk.
//!
//! The Vagrantfile is not executed.

use super::disk::Disk;
use super::document::{content, open_below, parse};
use super::layout::Room;
use super::tarball::Archive;
use crate::image::archive::order::Kind;
use crate::image::archive::refusal::{cannot, shown};
use crate::image::store::Store;
use serde::Deserialize;
use std::path::Path;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

const METADATA: &str = "metadata.json";
const DISK: &str = "box.img";

#[derive(Debug, Deserialize)]
struct Metadata {
    provider: String,
    format: Option<String>,
    /// In the second version of the box format, which allows several disks.
    disks: Option<Vec<Listed>>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    path: String,
    format: Option<String>,
}

/// Opens the disk in a box; the box stays unpacked in the scratch directory.
pub(super) fn open(path: &Path, store: &Store) -> Result<(Disk, Room), Failure> {
    let name = path.display().to_string();
    let archive = Archive::open(path, Kind::Plain)?;
    let room = Room::of(&archive, store)?;
    let directory = room.directory();
    let file = open_below(&directory, METADATA, &name)?;
    let metadata: Metadata = parse(&content(file, METADATA, &name)?, METADATA, &name)?;
    if metadata.provider != "libvirt" {
        let provider = shown(metadata.provider.as_bytes());
        return Err(
            cannot(&name, format!("it is a box for the provider `{provider}`"))
                .hint("get the box for provider libvirt"),
        );
    }
    let (path, format) = match metadata.disks.as_deref() {
        Some([disk]) => (
            &disk.path[..],
            // The default format in this version.
            disk.format
                .as_deref()
                .or(metadata.format.as_deref())
                .unwrap_or("qcow2"),
        ),
        Some(disks) => {
            let cause = format!(
                "it holds {} disks, and an image is made of one with the root on it",
                disks.len()
            );
            return Err(cannot(&name, cause)
                .hint("unpack it, and import the disk that has the root: qcow2:PATH"));
        }
        None => match metadata.format.as_deref() {
            Some(format) => (DISK, format),
            None => {
                let cause = format!("its {METADATA} does not say what format the disk has");
                return Err(
                    cannot(&name, cause).hint("formats are not guessed: add \"format\": \"qcow2\"")
                );
            }
        },
    };
    let format = match format {
        "qcow2" => DiskFormat::Qcow2,
        "raw" => DiskFormat::Raw,
        other => {
            let form = shown(other.as_bytes());
            let cause = format!(
                "its {METADATA} calls the disk `{form}`, and only qcow2 and raw are supported"
            );
            return Err(cannot(&name, cause).hint(format!(
                "unpack it, and convert its disk: qemu-img convert -f {form} -O qcow2 OLD NEW"
            )));
        }
    };
    let inside = format!("{} of {name}", shown(path.as_bytes()));
    let file = open_below(&directory, path, &name)?;
    Ok((Disk::of_file(file, format, inside)?, room))
}
