//! The messages between a keeper and the agent of a VM before the agent's stream begins, on a port that no client ever sees.
//! Between the first message and the second, a VM may be saved and restored many times.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The name of the port of these words.
pub const CONTROL_PORT: &str = "vm-test.control";

/// The name of the port that becomes the agent's stream.
pub const STREAM_PORT: &str = "vm-test.stream";

/// Set on the kernel's command line, and so in the first program's environment: it runs in a VM.
pub const ENV_MACHINE: &str = "VM_TEST_MACHINE";

/// The serial number of the disk with the root.
pub const ROOT_DISK: &str = "root";

/// The serial number of a disk from elsewhere.
pub const FOREIGN_DISK: &str = "foreign";

/// The argument that makes the agent's program write the root file system of [`FOREIGN_DISK`] to its standard output.
pub const READ_DISK: &str = "__disk";

/// Where the drivers are in the initial file system, with a list of their files in the order to load them, `order`.
pub const MODULES: &str = "/modules";

/// What is behind the name of a driver in that list that a machine can do without.
pub const OPTIONAL: &str = " optional";

/// From the agent to the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromMachine {
    /// The machine has booted and waits for [`ToMachine::Go`].
    Booted {
        /// The agent's [`super::PROTOCOL`].
        protocol: u32,
    },
    /// The machine is not up, and never will be, for this reason.
    NotUp(String),
    /// The machine is this instance now, and its agent's stream begins with [`ToMachine::Begin`].
    Gone,
    /// The machine cannot become this instance, for this reason.
    CannotGo(String),
}

/// From the keeper to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToMachine {
    /// Become this instance.
    Go(Box<Identity>),
    /// It has been leased: open the stream.
    Begin {
        /// The host's time since 1970, if that is not what it was at [`ToMachine::Go`].
        time: Option<Duration>,
    },
}

/// What makes one instance of all that begin in the same state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its host name.
    pub host_name: String,
    /// The host's time since 1970.
    pub time: Duration,
    /// Entropy from the host.
    pub seed: Vec<u8>,
    /// Its machine id, 32 hexadecimal digits.
    pub machine_id: String,
    /// What its user should know of how it began.
    pub note: Option<String>,
    /// Whether it has a network card for the outside.
    pub network: bool,
    /// The devices that were asked for, by their names in the configuration.
    pub devices: Vec<String>,
    /// Random bytes for that card's address.
    pub card: [u8; 4],
    /// What comes from the disks with the host's files.
    pub places: Vec<Place>,
    /// Whether it is a spare, without a lease yet.
    pub ahead: bool,
}

/// Something of a disk with the host's files, and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The disk's serial number.
    pub disk: String,
    /// The path on the disk.
    pub from: String,
    /// The path in the guest.
    pub to: String,
    /// What it is.
    pub kind: PlaceKind,
}

/// What is brought to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlaceKind {
    /// A directory with all below it, which can be written to.
    Tree,
    /// A file, which cannot.
    File,
    /// An empty directory, where there is none; nothing of a disk.
    Empty,
}
