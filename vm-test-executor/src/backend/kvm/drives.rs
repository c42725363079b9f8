//! QEMU's words for a VM's disks, on its command line and in its monitor. Translates; opens nothing.

use super::command::Arguments;
use super::disks::{DiskFile, Disks};
use super::hardware::{Hardware, NO_FILES};
use crate::backend::room::ROOM;
use serde_json::{Value, json};
use std::os::fd::RawFd;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::machine::{FOREIGN_DISK, ROOT_DISK};

/// Where QEMU finds the files whose descriptors it has.
const SETS: &str = "/dev/fdset/";

/// What a machine may do with a disk.
#[derive(Clone, Copy)]
enum Access {
    /// Only read it.
    Read,
    /// Write to it, too.
    Write,
}

/// Returns the serial number of a payload disk.
#[must_use]
pub fn payload_serial(number: usize) -> String {
    format!("files{number}")
}

/// Returns QEMU's name for the files of a set of descriptors.
pub(super) fn in_set(set: i64) -> String {
    format!("{SETS}{set}")
}

/// Returns QEMU's name for a layer of the root disk.
pub(super) fn layer_node(number: usize) -> String {
    format!("layer{number}")
}

/// Returns the node that is the file of a layer.
pub(super) fn layer_file(node: &str, filename: &str) -> Value {
    json!({
        "driver": "file",
        "node-name": format!("{node}-file"),
        "filename": filename,
        // One VM has it at a time, or several that only read it.
        "locking": "off",
        "cache": { "no-flush": true },
    })
}

/// Returns the node that is a layer, over another one or as its header says.
pub(super) fn layer_over(node: &str, read_only: bool, below: Option<&str>) -> Value {
    let mut layer = json!({
        "driver": "qcow2",
        "node-name": node,
        "file": format!("{node}-file"),
        "read-only": read_only,
        "cache": { "no-flush": true },
    });
    if let Some(below) = below {
        layer["backing"] = below.into();
    }
    layer
}

impl Arguments {
    /// Adds the root disk, the payload's disks and the additional ones.
    pub(super) fn disks(&mut self, hardware: &Hardware, disks: &Disks) {
        match disks.root.as_slice() {
            [DiskFile::Path(root)] => {
                self.disk(ROOT_DISK, &root.to_string_lossy(), "qcow2", Access::Write);
            }
            layers => self.layered(layers),
        }
        for number in 0..hardware.payload_disks {
            let path = match hardware.payload.get(number) {
                Some(path) => format!("{ROOM}/{}", path.display()),
                None => format!("{ROOM}/{NO_FILES}"),
            };
            self.disk(&payload_serial(number), &path, "raw", Access::Read);
        }
        for (number, file) in disks.blank.iter().enumerate() {
            let name = self.named(file);
            self.disk(&format!("disk{number}"), &name, "raw", Access::Write);
        }
    }

    /// Adds the root disk of a node: layers, of which only the uppermost is written to.
    fn layered(&mut self, layers: &[DiskFile]) {
        let mut below = None;
        for (number, layer) in layers.iter().enumerate() {
            let name = self.named(layer);
            let node = layer_node(number);
            let is_top = number + 1 == layers.len();
            self.option("-blockdev", layer_file(&node, &name).to_string());
            let layer = layer_over(&node, !is_top, below.as_deref());
            self.option("-blockdev", layer.to_string());
            below = Some(node);
        }
        let top = below.unwrap_or_default();
        self.device(&top, ROOT_DISK);
    }

    /// Returns the name by which QEMU opens a file, after it has been given its descriptor.
    fn named(&mut self, file: &DiskFile) -> String {
        match file {
            DiskFile::Path(path) => path.to_string_lossy().into_owned(),
            DiskFile::Kept(fd) => {
                // The number of the descriptor is one that no other set has.
                self.option("-add-fd", format!("fd={fd},set={fd}"));
                in_set((*fd).into())
            }
        }
    }

    /// Adds an imported disk, as a descriptor and with the format that the user gave.
    ///
    /// No other file that it refers to is opened.
    pub(super) fn foreign(&mut self, format: DiskFormat, fd: RawFd) {
        let name = FOREIGN_DISK;
        self.option("-add-fd", format!("fd={fd},set=1"));
        self.option(
            "-blockdev",
            format!("driver=file,filename=/dev/fdset/1,node-name={name}-file,read-only=on"),
        );
        let (driver, backing) = match format {
            DiskFormat::Raw => ("raw", ""),
            DiskFormat::Qcow2 => ("qcow2", r#","backing":null"#),
        };
        self.option(
            "-blockdev",
            format!(
                r#"{{"driver":"{driver}","file":"{name}-file","node-name":"{name}","read-only":true{backing}}}"#
            ),
        );
        self.option(
            "-device",
            format!("virtio-blk-pci,drive={name},serial={name}"),
        );
    }

    /// Adds a disk. Its path is in the keeper's directory, where no name contains a comma.
    fn disk(&mut self, serial: &str, path: &str, format: &str, access: Access) {
        let only = match access {
            Access::Read => ",read-only=on",
            Access::Write => "",
        };
        // Whoever keeps a file that comes as a descriptor gives it to one VM at a time.
        let locking = if path.starts_with(SETS) {
            ",locking=off"
        } else {
            ""
        };
        let file = format!("driver=file,filename={path},node-name={serial}-file{only}{locking}");
        // Nothing outlives the VM, so nothing needs to reach the underlying disk.
        self.option("-blockdev", format!("{file},cache.no-flush=on"));
        self.option(
            "-blockdev",
            format!(
                "driver={format},file={serial}-file,node-name={serial}{only},cache.no-flush=on"
            ),
        );
        self.device(serial, serial);
    }

    /// Adds the device of a disk.
    fn device(&mut self, node: &str, serial: &str) {
        // A VM without free space gets an error; by default QEMU would pause it until there is
        // space.
        self.option(
            "-device",
            format!("virtio-blk-pci,drive={node},serial={serial},werror=report"),
        );
    }
}
