//! A Vagrant box of the provider libvirt: an archive of metadata.json, a Vagrantfile, which is not executed, and a disk.

use super::archive::Archive;
use super::disk::Disk;
use super::document::{content, open_below, parse};
use super::layout::Room;
use super::order::Kind;
use super::refusal::{cannot, shown};
use crate::image::Store;
use serde::Deserialize;
use std::path::Path;
use vm_test::protocol::daemon::DiskFormat;
use vm_test::protocol::failure::Failure;

const METADATA: &str = "metadata.json";
const DISK: &str = "box.img";

#[derive(Debug, Deserialize)]
struct Metadata {
    provider: String,
    format: Option<String>,
}

/// The disk in a box, and where the box is unpacked for as long as the disk is read.
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
                .hint("get the box for the provider libvirt"),
        );
    }
    match metadata.format.as_deref() {
        Some("qcow2") => {}
        Some(other) => {
            let form = shown(other.as_bytes());
            return Err(cannot(
                &name,
                format!("its {METADATA} calls the disk `{form}`, and a box's disk is qcow2"),
            ));
        }
        None => {
            return Err(cannot(
                &name,
                format!("its {METADATA} does not say what format the disk has"),
            )
            .hint("formats are not guessed: add \"format\": \"qcow2\""));
        }
    }
    let inside = format!("{DISK} of {name}");
    let file = open_below(&directory, DISK, &name)?;
    Ok((Disk::of_file(file, DiskFormat::Qcow2, inside)?, room))
}
