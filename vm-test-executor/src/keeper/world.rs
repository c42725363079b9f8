//! What a keeper is to hold, as the daemon decides it: plain data.

use crate::backend::kvm::Hardware;
use crate::rootfs::{Lower, Plan, Step, Tree};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;
use vm_test_protocol::daemon::GuestKind;

/// One instance, for its keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The instance's name.
    pub instance: String,
    /// The guest's name, which is also its host name.
    pub guest: String,
    /// How much the keeper's tmpfs may hold, in bytes: all that the guest writes there, and its
    /// blank disks.
    pub room: u64,
    /// Which network it is on.
    pub network: Network,
    /// Lines for its `/etc/hosts`: the other nodes of its lab.
    pub hosts: String,
    /// The devices that it gets, by their paths in the guest.
    pub devices: Vec<PathBuf>,
    /// Whether a file system with files of these devices is handed over; else the host's are bound.
    pub device_files: bool,
    /// What runs there.
    pub world: World,
}

/// Which network an instance is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// None but its own.
    None,
    /// The host's, as for a build step that asks for it.
    Host,
    /// Those of its lab, in the network namespace of its keeper.
    Lab,
    /// Its own, from which its keeper has connections carried out.
    User,
}

impl Network {
    /// Returns whether the keeper starts in a network namespace of its own.
    #[must_use]
    pub fn is_apart(self) -> bool {
        match self {
            Self::None | Self::Lab => true,
            Self::Host | Self::User => false,
        }
    }
}

/// What runs in an instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum World {
    /// A container.
    Container(Container),
    /// A VM.
    Vm(Box<Vm>),
}

/// A container's world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// How its root file system is made.
    pub plan: Plan,
    /// The directory of the program that becomes its first process.
    pub agent: Lower,
    /// The loader in the guest that starts the agent, if it is not the guest's own.
    pub loader: Option<PathBuf>,
    /// The numbers of its interfaces that are on a network of their own.
    pub interfaces: Range<u32>,
    /// Its ports that the host has at its loopback. What listens there is handed over for each, in
    /// this order.
    pub forwards: Vec<u16>,
    /// Whether the agent must watch the memory because the kernel does not limit it.
    pub watch_memory: bool,
    /// Whether it is started ahead of its lease: its agent gets the stream later.
    pub ahead: bool,
    /// Present when its own init boots, which may take this long; its console is then handed over.
    pub boot_timeout: Option<Duration>,
    /// Whether it is in the host's user namespace, not in one of its own.
    pub privileged: bool,
    /// Whether all ids of the host are mapped, so that files of the real root appear as its own.
    pub real_root: bool,
}

/// A VM's world. Its console is handed over, and the imported disk, if it reads one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// What it is made of.
    pub hardware: Hardware,
    /// Directories of the host that its files are in, by the names that they have in the keeper's
    /// tmpfs.
    pub places: Vec<(String, Lower)>,
    /// Those of them that are handed over as descriptors.
    pub trees: Vec<Tree>,
}

impl Vm {
    /// Clears the path of the directory with this name, so that VMs can be compared without it.
    pub fn forget_place(&mut self, name: &str) {
        match self.places.iter_mut().find(|(known, _)| known == name) {
            Some((_, Lower::Path(path))) => path.clear(),
            Some((_, Lower::Tree(number))) => {
                if let Some(tree) = self.trees.get_mut(*number) {
                    tree.path.clear();
                }
            }
            None => {}
        }
    }
}

impl Assignment {
    /// Returns what the guest is.
    #[must_use]
    pub fn kind(&self) -> GuestKind {
        match &self.world {
            World::Container(_) => GuestKind::Container,
            World::Vm(_) => GuestKind::Vm,
        }
    }

    /// Returns whether the instance is inside a user namespace of its own.
    #[must_use]
    pub fn user_namespace(&self) -> bool {
        match &self.world {
            World::Container(container) => !container.privileged,
            World::Vm(_) => true,
        }
    }

    /// Returns whether it has a link to the outside about which orders can come.
    #[must_use]
    pub fn has_own_link(&self) -> bool {
        match (&self.world, self.network) {
            (_, Network::Lab) => false,
            (World::Container(_), network) => network == Network::User,
            (World::Vm(vm), _) => vm.hardware.network && !vm.hardware.start.is_saved(),
        }
    }

    /// Returns the directories and files of the host that are handed over as descriptors.
    #[must_use]
    pub fn trees(&self) -> &[Tree] {
        match &self.world {
            World::Container(container) => &container.plan.trees,
            World::Vm(vm) => &vm.trees,
        }
    }

    /// Returns what of the host the keeper mounts, by path or as a tree, besides devices.
    pub(super) fn lowers(&self) -> Vec<&Lower> {
        match &self.world {
            World::Container(container) => {
                let steps = container.plan.steps.iter().flat_map(Step::lowers);
                steps.chain([&container.agent]).collect()
            }
            World::Vm(vm) => vm.places.iter().map(|(_, lower)| lower).collect(),
        }
    }
}
