//! The messages between a client and the daemon, before the connection becomes the agent's.

use super::failure::Failure;
use super::forwarded::Forwarded;
use super::lab::{LabLeased, LabRequest, NodeOfLab, OfLab};
pub use super::layer_build::LayerBuild;
use super::order::{Done, Order};
use super::pattern::Pattern;
use super::record::{Log, Record, RunEntry};
use super::set_up::SetUp;
use super::startup::Startup;
use super::status::Status;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vm_test_settings::guest::Setting;

/// The first frame from a client.
///
/// Its format never changes, so that every version can read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The client's [`super::PROTOCOL`].
    pub protocol: u32,
}

/// The daemon's answer to a [`Greeting`]. Its format never changes either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The daemon's [`super::PROTOCOL`].
    pub protocol: u32,
    /// The daemon's process id, for messages.
    pub pid: u32,
}

/// A client's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Lease a fresh instance; once granted, this connection becomes the agent's.
    Lease(Box<LeaseRequest>),
    /// Lease a lab; its nodes are then leased one by one, each on a connection of its own.
    Lab(LabRequest),
    /// Change the lab that this connection has been granted.
    Order(Order),
    /// Change the link of an instance that is in no lab.
    OfGuest {
        /// The instance's name.
        instance: String,
        /// The change.
        order: Order,
    },
    /// Ask for something about a lab, whoever it was granted to.
    OfLab {
        /// The lab's own name.
        lab: String,
        /// What is asked.
        asked: OfLab,
    },
    /// All nodes of the lab that this connection has been granted are there, and a test's body has
    /// begun: another test with such a lab may follow. There is no answer.
    LabBegins,
    /// The end of the set-up that [`Reply::SetUp`] has asked for, or why it has failed. The answers
    /// are those to [`Request::Lease`], which this connection has begun with.
    HasSetUp(Result<(), Failure>),
    /// Report what is running.
    Status,
    /// Report how an instance ended.
    ExitReport {
        /// The instance's name.
        instance: String,
    },
    /// Return the last lines of a running instance's console.
    Console {
        /// The instance's name.
        instance: String,
    },
    /// Record what the test process knows of its test, which has ended; the lease ends soon.
    Record(Box<Record>),
    /// Keep an instance whose test has failed.
    ///
    /// The holder's end of the agent's stream follows as a descriptor, and from then on the daemon
    /// is the holder.
    Keep {
        /// The instance's name.
        instance: String,
    },
    /// Run a job in a kept instance.
    ///
    /// Once granted, this connection leads to the agent until the job ends.
    Attach {
        /// The instance's name.
        instance: String,
    },
    /// End a kept instance.
    Remove {
        /// The instance's name.
        instance: String,
    },
    /// Return the log of a running instance so far.
    Log {
        /// The instance's name.
        instance: String,
    },
    /// Stop: end all leases, clean up, exit.
    Stop,
}

/// A request for one instance of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// The guest's name.
    pub guest: String,
    /// The settings at the site, which override the configuration.
    pub settings: Vec<Setting>,
    /// The directory where the upward search for `vm-test.toml` begins.
    pub manifest_dir: String,
    /// Host directories that the guest must have at the same path.
    pub shares: Vec<String>,
    /// Host programs that the guest will run; they may need libraries brought along.
    pub programs: Vec<String>,
    /// Where the host looks for libraries first: `LD_LIBRARY_PATH`.
    pub library_path: String,
    /// The client's variables that point to credentials, with their values.
    pub credentials: Vec<(String, String)>,
    /// The store with the images.
    pub store: String,
    /// Present if the instance starts from what a function of the program has done.
    pub set_up: Option<SetUp>,
    /// Present if the instance makes a layer of an image.
    pub build: Option<LayerBuild>,
    /// Present if a VM is to read an imported disk.
    ///
    /// It boots with that disk attached, instead of being restored.
    pub disk: Option<ForeignDisk>,
    /// Present if the instance is a node of a lab, which then decides the guest.
    pub node: Option<NodeOfLab>,
    /// The purpose of the lease, for messages.
    pub purpose: String,
    /// Present if the lease is for a test: where its times are recorded.
    pub entry: Option<RunEntry>,
    /// The client's process id, for messages.
    pub pid: u32,
}

impl LeaseRequest {
    /// Returns a request with no settings and no shares, which finds no workspace.
    ///
    /// `purpose` is shown in messages, and images are found in `store`.
    #[must_use]
    pub fn new(
        guest: impl Into<String>,
        purpose: impl Into<String>,
        store: impl Into<String>,
    ) -> Self {
        Self {
            guest: guest.into(),
            settings: Vec::new(),
            manifest_dir: "/".to_owned(),
            shares: Vec::new(),
            programs: Vec::new(),
            library_path: String::new(),
            credentials: Vec::new(),
            store: store.into(),
            set_up: None,
            build: None,
            disk: None,
            node: None,
            purpose: purpose.into(),
            entry: None,
            pid: std::process::id(),
        }
    }
}

/// An imported disk, which a VM opens read-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignDisk {
    /// The path.
    pub path: String,
    /// The format, which is never guessed.
    pub format: DiskFormat,
}

/// The format of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskFormat {
    /// The raw bytes of the disk.
    Raw,
    /// QEMU's format, version 2 or 3.
    Qcow2,
}

/// An answer from the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The lease waits for resources, for this reason. Other replies follow.
    Queued(String),
    /// The client is to run its set-up in an instance that makes this layer, and to answer with
    /// [`Request::HasSetUp`]. Other replies follow.
    SetUp(LayerBuild),
    /// The lease is granted; from here on the connection is the agent's.
    Leased(Leased),
    /// The answer to [`Request::Lab`].
    Lab(LabLeased),
    /// The answer to [`Request::Order`], [`Request::OfGuest`] and [`OfLab::Order`].
    Done(Done),
    /// The request is refused.
    Refused(Failure),
    /// The answer to [`Request::Status`].
    Status(Status),
    /// The answer to [`Request::ExitReport`]; `None` if the instance is unknown.
    ExitReport(Option<ExitReport>),
    /// The answer to [`Request::Console`]; `None` if the instance is unknown or has no console.
    Console(Option<Vec<String>>),
    /// The answer to [`Request::Record`].
    Recorded,
    /// The answer to [`Request::Keep`] and [`OfLab::Keep`]: how long it is kept.
    Kept(Duration),
    /// The answer to [`Request::Attach`]: from here on the connection is the agent's.
    Attached(Attached),
    /// The answer to [`Request::Remove`] and [`OfLab::Remove`], sent once it has ended.
    Removed,
    /// The answer to [`Request::Log`]; `None` if the instance is unknown.
    Log(Option<Box<Log>>),
    /// The answer to [`Request::Stop`], sent once everything has ended.
    Stopped,
}

/// The kind of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GuestKind {
    /// A container.
    Container,
    /// A VM.
    Vm,
}

/// A granted lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leased {
    /// The instance's name.
    pub instance: String,
    /// The kind of the guest.
    pub kind: GuestKind,
    /// How it is started.
    pub startup: Startup,
    /// A description of the guest: backend and image.
    pub description: String,
    /// The time limit for the job, from all configuration sources.
    pub timeout: Duration,
    /// The time limit from the grant of the lease to the agent's first message.
    pub boot_timeout: Duration,
    /// Variables to forward in addition to the defaults.
    pub env: Vec<String>,
    /// Which workspace files are copied back.
    pub export: Vec<Pattern>,
    /// The guest's memory.
    pub memory_bytes: u64,
    /// How long the lease waited for resources.
    pub waited: Duration,
    /// How long the instance is kept if its test fails; `None` if it is ended at once.
    pub keep_for: Option<Duration>,
    /// What root in this guest lacks compared with real root, and the hint.
    ///
    /// Shown after a permission error.
    pub caveat: Option<String>,
    /// Why the guest's writes may soon fill the store's disk, and the hint.
    ///
    /// Shown after an error for lack of space.
    pub shortage: Option<String>,
    /// Whether the guest's writes are in memory, and count towards its limit.
    pub writes_to_memory: bool,
    /// The ports of the guest that the host has at its loopback.
    pub forwards: Vec<Forwarded>,
}

/// A granted attachment to a kept instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The lease, as it would be granted.
    pub granted: Leased,
    /// The original purpose of the lease, for messages.
    pub purpose: String,
    /// How long the instance is kept after this.
    pub stays: Duration,
}

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitReport {
    /// The cause of its end; `None` while it is running.
    pub cause: Option<Failure>,
    /// How many of its processes were killed for lack of memory.
    pub oom_kills: u64,
}

#[cfg(test)]
mod tests;
