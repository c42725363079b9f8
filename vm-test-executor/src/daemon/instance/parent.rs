//! Below whom the keeper of an instance is started: the daemon, or the keeper of its lab.

use super::lab::LabKeeper;
use super::spawner::Spawner;
use crate::host::idmaps::IdMaps;
use crate::keeper::lab::{Ids, LinkKind, Node, Port};
use crate::keeper::{COMMAND, Isolation};
use rustix::process::Pid;
use std::os::fd::OwnedFd;
use vm_test_protocol::daemon::GuestKind;
use vm_test_protocol::failure::Failure;
use vm_test_sys::namespaces::Waiting;

/// The parent of a keeper.
#[derive(Debug)]
pub(crate) enum Parent<'a> {
    /// The daemon.
    Daemon(&'a Spawner),
    /// The keeper of a lab, which links the instance to the lab's networks.
    Lab(&'a LabKeeper, &'a [Port]),
}

impl Parent<'_> {
    /// Starts the keeper of the instance with this number, which waits; returns the taps of a lab's
    /// VM besides.
    pub(super) fn start(
        &self,
        maps: &IdMaps,
        (number, kind): (u64, GuestKind),
        [control, stream]: [OwnedFd; 2],
        isolation: Isolation,
    ) -> Result<(Waiting, Vec<OwnedFd>), Failure> {
        match self {
            Self::Daemon(spawner) => {
                let waiting = spawner.start(COMMAND, control, Some(stream), isolation)?;
                Ok((waiting, Vec::new()))
            }
            Self::Lab(keeper, ports) => {
                let ids = maps.within_lab(number);
                let is_vm = kind == GuestKind::Vm;
                let (kind, mut made) = match ids {
                    Some(_) if is_vm => {
                        let (names, taps) = keeper.make_taps(ports.len())?;
                        (LinkKind::MadeTaps(names), taps)
                    }
                    None if is_vm => (LinkKind::Taps, Vec::new()),
                    _ => (LinkKind::Pairs, Vec::new()),
                };
                let node = Node {
                    ids: ids.map_or(Ids::All, |(first, count)| Ids::Range { first, count }),
                    keep_groups: isolation.keep_groups,
                    ports: ports.to_vec(),
                    kind,
                };
                let (waiting, taps) = keeper.start_node(node, control, stream)?;
                made.extend(taps);
                Ok((waiting, made))
            }
        }
    }

    /// Maps the ids of a keeper with a user namespace, unless it has got them from the process that it
    /// is a copy of, or from its parent.
    pub(super) fn map(&self, maps: &IdMaps, number: u64, keeper: Pid) -> Result<(), Failure> {
        match self {
            Self::Daemon(_) if maps.passed_on().is_some() => Ok(()),
            Self::Daemon(_) => maps.write(keeper, number),
            Self::Lab(..) => Ok(()),
        }
    }
}
