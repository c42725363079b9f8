//! What QEMU's monitor does to the VM of a node while it lives: stops it, lets it run on, saves it.

use super::drives::{in_set, layer_file, layer_node, layer_over};
use super::monitor::{Monitor, error_of};
use qapi::{Command, Empty, qmp};
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::os::fd::{OwnedFd, RawFd};

/// QEMU's name for the descriptor of a file that takes the state.
const STATE: &str = "state";

/// How many bytes per second a state may be written with: no limit.
const UNLIMITED: u64 = 1 << 40;

/// Adds a node to QEMU's graph of disks. The crate's type cannot say that there is nothing below.
#[derive(Serialize)]
#[serde(transparent)]
struct AddNode(Value);

impl Command for AddNode {
    type Ok = Empty;
    const NAME: &'static str = "blockdev-add";
    const ALLOW_OOB: bool = false;
}

/// Sets how fast a state may be written. The crate's type has each of QEMU's parameters.
#[derive(Serialize)]
struct SetSpeed {
    #[serde(rename = "max-bandwidth")]
    bytes_per_second: u64,
}

impl Command for SetSpeed {
    type Ok = Empty;
    const NAME: &'static str = "migrate-set-parameters";
    const ALLOW_OOB: bool = false;
}

impl Monitor {
    /// Stops the VM's processors.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        self.ask(&qmp::stop {}).map(drop)
    }

    /// Lets the VM's processors run on.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        self.ask(&qmp::cont {}).map(drop)
    }

    /// Makes an empty file the layer of this number of the root disk, which the VM writes to from
    /// now on. The VM is paused.
    pub(super) fn add_layer(&mut self, number: usize, file: &OwnedFd) -> io::Result<()> {
        self.send_beside(file)?;
        let added = self.ask(&qmp::add_fd {
            fdset_id: None,
            opaque: None,
        })?;
        let node = layer_node(number);
        self.ask(&AddNode(layer_file(&node, &in_set(added.fdset_id))))?;
        let mut layer = layer_over(&node, false, None);
        // Not what its header names: it is put over the present layer.
        layer["backing"] = Value::Null;
        self.ask(&AddNode(layer))?;
        self.ask(&qmp::blockdev_snapshot(qmp::BlockdevSnapshot {
            node: layer_node(number.saturating_sub(1)),
            overlay: node,
        }))?;
        Ok(())
    }

    /// Writes the state of the VM, which is paused, with its memory to a file.
    pub(super) fn write_state(&mut self, file: &OwnedFd) -> io::Result<()> {
        self.share_nothing()?;
        self.ask(&SetSpeed {
            bytes_per_second: UNLIMITED,
        })?;
        self.send_beside(file)?;
        self.ask(&qmp::getfd {
            fdname: STATE.to_owned(),
        })?;
        self.ask(&qmp::migrate {
            uri: Some(format!("fd:{STATE}")),
            channels: None,
            detach: None,
            resume: None,
        })?;
        self.await_migration()
    }

    /// Reads the state of a VM with its memory from the file that QEMU has open as this descriptor.
    /// The VM does not run yet.
    pub(super) fn read_state(&mut self, file: RawFd) -> io::Result<()> {
        self.share_nothing()?;
        self.ask(&qmp::migrate_incoming {
            uri: Some(format!("fd:{file}")),
            channels: None,
            exit_on_error: None,
        })?;
        self.await_migration()
    }

    /// Includes memory that is in a file in the state: nobody else keeps what the VM has changed.
    fn share_nothing(&mut self) -> io::Result<()> {
        let capabilities = vec![qmp::MigrationCapabilityStatus {
            capability: qmp::MigrationCapability::x_ignore_shared,
            state: false,
        }];
        self.ask(&qmp::migrate_set_capabilities { capabilities })
            .map(drop)
    }

    fn ask<C: Command>(&mut self, command: &C) -> io::Result<C::Ok> {
        self.have_patience()?;
        self.qmp.execute(command).map_err(error_of)
    }
}
