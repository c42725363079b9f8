//! The messages between a keeper and the agent of a VM before the agent's stream begins.
//!
//! They use a port that no client ever sees. Between the first message and the second, a VM may be
//! saved and restored many times.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The name of the port for these messages.
pub const CONTROL_PORT: &str = "vm-test.control";

/// The name of the port that becomes the agent's stream.
pub const STREAM_PORT: &str = "vm-test.stream";

/// Set on the kernel's command line, and so in init's environment: the agent runs in a VM.
pub const ENV_MACHINE: &str = "VM_TEST_MACHINE";

/// Set on the kernel's command line as well: the root's file system uses its journal.
pub const ENV_JOURNAL: &str = "VM_TEST_JOURNAL";

/// The serial number of the root disk.
pub const ROOT_DISK: &str = "root";

/// The serial number of an imported disk.
pub const FOREIGN_DISK: &str = "foreign";

/// The argument that makes the agent's program read [`FOREIGN_DISK`].
///
/// It writes the disk's root file system to standard output.
pub const READ_DISK: &str = "__disk";

/// The directory of the kernel modules in the initramfs, with their loading order in `order`.
pub const MODULES: &str = "/modules";

/// The suffix in that list of a module that a VM can do without.
pub const OPTIONAL: &str = " optional";

/// A message from the agent to the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromMachine {
    /// The VM has booted and waits for [`ToMachine::Go`].
    Booted {
        /// The agent's [`super::PROTOCOL`].
        protocol: u32,
    },
    /// The VM failed to come up, for this reason.
    NotUp(String),
    /// The VM has been configured, and waits for [`ToMachine::Go`].
    Configured,
    /// The VM has become this instance; the agent's stream begins with [`ToMachine::Begin`].
    Became,
    /// The VM cannot be configured, or become this instance, for this reason.
    CannotBecome(String),
}

/// A message from the keeper to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToMachine {
    /// Take all of this identity that is the same for every copy, before the VM is saved once more.
    Configure(Box<Identity>),
    /// Become this instance. A VM that was configured before takes only what is this copy's own: the
    /// time, random numbers, the machine id.
    Go(Box<Identity>),
    /// The instance has been leased: open the stream.
    Begin {
        /// The host's time since 1970, if the clock needs correction since [`ToMachine::Go`].
        time: Option<Duration>,
    },
    /// The instance has stood still: this is the host's time since 1970.
    Clock(Duration),
    /// The instance has been restored from a state of its own: say hello on the stream again.
    Restored {
        /// The host's time since 1970.
        time: Duration,
        /// Entropy from the host.
        seed: Vec<u8>,
    },
    /// Shut the system down, and switch the VM off.
    PowerOff,
}

/// What distinguishes one instance from all others restored from the same state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The host name.
    pub host_name: String,
    /// The host's time since 1970.
    pub time: Duration,
    /// Entropy from the host.
    pub seed: Vec<u8>,
    /// The machine id, 32 hexadecimal digits.
    pub machine_id: String,
    /// A message for the user about how the instance was started.
    pub note: Option<String>,
    /// Whether it has a network card for outside access.
    pub network: bool,
    /// Its links to the networks of its lab, or, in no lab, to a network of its own, in the order of its
    /// network cards.
    pub ports: Vec<Port>,
    /// Lines for its `/etc/hosts`: the other nodes of its lab.
    pub hosts: String,
    /// The requested devices, by their names in the configuration.
    pub devices: Vec<String>,
    /// The kernel modules that its tests need.
    pub modules: Vec<String>,
    /// Random bytes for the card's MAC address.
    pub card: [u8; 4],
    /// What is mounted from the payload disks.
    pub places: Vec<Place>,
    /// Whether it is a spare, without a lease yet.
    pub is_spare: bool,
    /// Whether it is a node of a lab: its disk outlives it, and it takes orders while it lives.
    pub is_node: bool,
}

/// A link to a network of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The name of the interface.
    pub interface: String,
    /// Its hardware address.
    pub hardware: [u8; 6],
    /// How long its packets may be, in bytes.
    pub mtu: u32,
    /// Its addresses, each with the length of its network's prefix.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The routes that lead through it.
    pub routes: Vec<Route>,
}

/// A route to other networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The destination.
    pub to: IpAddr,
    /// The length of its prefix; 0 is everywhere.
    pub prefix: u8,
    /// The router.
    pub via: IpAddr,
}

/// An item of a payload disk, and where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The disk's serial number.
    pub disk: String,
    /// The path on the disk.
    pub from: String,
    /// The path in the guest.
    pub to: String,
    /// The kind of the item.
    pub kind: PlaceKind,
}

/// The kind of a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlaceKind {
    /// A directory tree, which is writable.
    Tree,
    /// A file, which is read-only.
    File,
    /// A directory tree, which is read-only.
    ReadOnly,
    /// A file or a directory tree, which is copied to the root's disk, as root's own.
    Copy,
    /// An empty directory, created if there is none; nothing from a disk.
    Empty,
}
