//! What a client and the daemon say to each other before the connection becomes the agent's.

use super::failure::Failure;
use super::pattern::Pattern;
use super::record::{Log, Record, RunEntry};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vm_test_settings::guest::Setting;

/// The first frame of a client. Its form never changes, so that every version can read every other's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The client's [`super::PROTOCOL`].
    pub protocol: u32,
}

/// The daemon's answer to a [`Greeting`]. Its form never changes either.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The daemon's [`super::PROTOCOL`].
    pub protocol: u32,
    /// The daemon's process id, for messages.
    pub pid: u32,
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// A lease of a fresh instance; when it is granted, this connection becomes the agent's.
    Lease(Box<LeaseRequest>),
    /// What is running.
    Status,
    /// What became of an instance.
    ExitReport {
        /// The instance's name.
        instance: String,
    },
    /// The last lines of a living instance's console.
    Console {
        /// The instance's name.
        instance: String,
    },
    /// What the test process knows of its test, which is over; the lease ends soon.
    Record(Box<Record>),
    /// Keep an instance whose test has failed. The holder's end of the stream to its agent follows as a descriptor, and
    /// from then on the daemon is the holder.
    Keep {
        /// The instance's name.
        instance: String,
    },
    /// Run a job in a kept instance; when it is granted, this connection leads to the agent until that job has ended.
    Attach {
        /// The instance's name.
        instance: String,
    },
    /// End a kept instance.
    Remove {
        /// The instance's name.
        instance: String,
    },
    /// What an instance that is alive has said so far.
    Log {
        /// The instance's name.
        instance: String,
    },
    /// Stop: end all leases, leave nothing, exit.
    Stop,
}

/// A request for one instance of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// The guest's name.
    pub guest: String,
    /// What the site sets, over what the configuration says.
    pub settings: Vec<Setting>,
    /// Where the search for `vm-test.toml` begins and goes upwards from.
    pub manifest_dir: String,
    /// Directories of the host that the guest must have at the same path.
    pub shares: Vec<String>,
    /// The programs of the host that the guest is to run; they may need libraries brought along.
    pub programs: Vec<String>,
    /// Where the host looks for libraries first: `LD_LIBRARY_PATH`.
    pub library_path: String,
    /// The variables of the client's that say where credentials are, and what they say.
    pub credentials: Vec<(String, String)>,
    /// The store to find images in.
    pub store: String,
    /// Present when the instance is to make a layer of an image.
    pub build: Option<LayerBuild>,
    /// Present if a VM is to read an imported disk; it boots instead of being restored, with that disk attached.
    pub disk: Option<ForeignDisk>,
    /// What the lease is for, for people.
    pub purpose: String,
    /// Present when the lease is a test's: where its times are written down.
    pub entry: Option<RunEntry>,
    /// The client's process id, for people.
    pub pid: u32,
}

impl LeaseRequest {
    /// Returns a request with nothing set and nothing shared, which finds no workspace. `purpose`
    /// is what it is for, `store` where images are found.
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
            build: None,
            disk: None,
            purpose: purpose.into(),
            entry: None,
            pid: std::process::id(),
        }
    }
}

/// A disk from elsewhere, that a machine only reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignDisk {
    /// Its path.
    pub path: String,
    /// Its format, which is never guessed.
    pub format: DiskFormat,
}

/// The format of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiskFormat {
    /// The bytes of the disk as they are.
    Raw,
    /// QEMU's format, version 2 or 3.
    Qcow2,
}

/// A layer that an instance is to make: what it writes stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerBuild {
    /// The keys of the layers below, the base first.
    pub below: Vec<String>,
    /// The directory, below the store, with `files` and `work` for what is written.
    pub aside: String,
    /// Whether the instance may use the host's network.
    pub network: bool,
}

/// The daemon's answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The lease waits for room, for this reason. Other replies follow.
    Queued(String),
    /// The lease is granted; what follows on this connection is the agent's.
    Leased(Leased),
    /// The request cannot be met.
    Refused(Failure),
    /// The answer to [`Request::Status`].
    Status(Status),
    /// The answer to [`Request::ExitReport`]; `None` if the instance is unknown.
    ExitReport(Option<ExitReport>),
    /// The answer to [`Request::Console`]; `None` if the instance is unknown or has no console.
    Console(Option<Vec<String>>),
    /// The answer to [`Request::Record`].
    Recorded,
    /// The answer to [`Request::Keep`]: how long the instance stays.
    Kept(Duration),
    /// The answer to [`Request::Attach`]: what follows on this connection is the agent's.
    Attached(Attached),
    /// The answer to [`Request::Remove`], sent when the instance is gone.
    Removed,
    /// The answer to [`Request::Log`]; `None` if the instance is unknown.
    Log(Option<Box<Log>>),
    /// The answer to [`Request::Stop`], sent when nothing is left.
    Stopped,
}

/// What a guest is.
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
    /// What runs the guest.
    pub kind: GuestKind,
    /// What the guest is, for people: backend and image.
    pub description: String,
    /// Time limit for the job, from all sources of configuration.
    pub timeout: Duration,
    /// Time limit from the grant of the lease to the agent's first word.
    pub boot_timeout: Duration,
    /// Variables to forward besides the defaults.
    pub env: Vec<String>,
    /// Which files of the workspace come back.
    pub export: Vec<Pattern>,
    /// Memory of the guest.
    pub memory_bytes: u64,
    /// How long the lease has waited for room.
    pub waited: Duration,
    /// How long the instance stays if its test fails; `None` if it goes at once.
    pub keep_for: Option<Duration>,
    /// What root in this guest may not do that root on a machine may, and the cure.
    pub caveat: Option<String>,
    /// Whether what the guest writes is in memory, and counts.
    pub writes_to_memory: bool,
}

/// A way into a kept instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// What the lease would have been granted as.
    pub granted: Leased,
    /// What was the purpose of the lease, for people.
    pub purpose: String,
    /// How long the instance stays after this.
    pub stays: Duration,
}

/// What became of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitReport {
    /// Why it ended; `None` while it is alive.
    pub cause: Option<Failure>,
    /// How many of its processes the kernel killed because memory ran out.
    pub oom_kills: u64,
}

/// What a daemon has and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// How long ago it was started.
    pub uptime: Duration,
    /// The instances that are alive.
    pub instances: Vec<InstanceStatus>,
    /// Leases that wait for room.
    pub waiting: usize,
    /// Machines that wait for a lease.
    pub spares: usize,
    /// Memory promised to instances.
    pub memory_used_bytes: u64,
    /// Memory that may be promised.
    pub memory_limit_bytes: u64,
}

/// One living instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Its name.
    pub instance: String,
    /// Its guest.
    pub guest: String,
    /// Backend and image.
    pub description: String,
    /// The release of its kernel.
    pub kernel: String,
    /// What it is for.
    pub purpose: String,
    /// The process id of its keeper.
    pub keeper: u32,
    /// The process id of the lease's holder.
    pub holder: u32,
    /// How long ago it was started.
    pub age: Duration,
    /// Memory promised to it.
    pub memory_bytes: u64,
    /// Present once its test has failed and it is kept.
    pub kept: Option<KeptStatus>,
}

/// A kept instance's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatus {
    /// How long it still stays.
    pub expires_in: Duration,
    /// Whether a client is attached to it; it is not ended before that client leaves.
    pub attached: bool,
}

#[cfg(test)]
mod tests;
