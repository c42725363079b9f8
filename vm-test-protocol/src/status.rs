//! What a daemon reports about itself and its running instances.

use super::lab::{NodeEntry, NodeOfLab};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The state of a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the program.
    pub version: String,
    /// The process id.
    pub pid: u32,
    /// The time since its start.
    pub uptime: Duration,
    /// The running instances.
    pub instances: Vec<InstanceStatus>,
    /// The running labs.
    pub labs: Vec<LabStatus>,
    /// The number of leases waiting for resources.
    pub waiting: usize,
    /// The number of spares: VMs waiting for a lease.
    pub spares: usize,
    /// The memory reserved for instances.
    pub memory_used_bytes: u64,
    /// The memory that may be reserved.
    pub memory_limit_bytes: u64,
}

/// A running instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// The name.
    pub instance: String,
    /// The guest.
    pub guest: String,
    /// The backend and the image.
    pub description: String,
    /// The release of the kernel.
    pub kernel: String,
    /// The purpose.
    pub purpose: String,
    /// The process id of the keeper.
    pub keeper: u32,
    /// The process id of the lease's holder.
    pub holder: u32,
    /// The time since its start.
    pub age: Duration,
    /// The memory reserved for it.
    pub memory_bytes: u64,
    /// Present if it is a node of a lab.
    pub lab: Option<NodeOfLab>,
    /// Present once its test has failed and it is kept.
    pub kept: Option<KeptStatus>,
}

/// A running lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabStatus {
    /// Its own name.
    pub lab: String,
    /// Its name in the configuration.
    pub name: String,
    /// The purpose.
    pub purpose: String,
    /// The time since its start.
    pub age: Duration,
    /// Its networks.
    pub networks: Vec<String>,
    /// Its nodes, whether they run or not.
    pub nodes: Vec<NodeEntry>,
    /// Present once the daemon holds it.
    pub kept: Option<KeptStatus>,
}

/// The status of a kept instance or lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStatus {
    /// How long it will still be kept.
    pub expires_in: Duration,
    /// Whether a client is attached to it; it does not end before that client leaves.
    pub attached: bool,
}
