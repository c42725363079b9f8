//! One running instance: its keeper process and its limits. Dropping it destroys it and waits until
//! it has ended.

use super::cgroup::{Limits, OomWatch};
use super::console::Console;
use super::delegation::Delegation;
use super::devices::Devices;
use super::event::{self, Event};
use super::keeper_exit::KeeperEnd;
use super::own_link::OwnLink;
use super::parent::Parent;
use crate::host::idmaps::{IdMaps, Source};
use crate::keeper::{Assignment, Descriptor, Isolation, KeeperReport};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// A living instance.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) name: String,
    pub(super) guest: String,
    pid: Pid,
    pub(super) pidfd: OwnedFd,
    pub(super) control: UnixStream,
    // Dropped before the limits, whose control group may be above this one.
    delegation: Option<Delegation>,
    pub(super) console: Option<Console>,
    limits: Option<Limits>,
    /// Dropped when nothing can have them open any more.
    pub(super) devices: Devices,
    /// Its link to the outside, if it has one of its own.
    link: Option<Arc<OwnLink>>,
    /// Loses its last writer when the agent ends; set if the agent is not the guest's first
    /// process.
    pub(super) agent: Option<OwnedFd>,
    /// The keeper's last message, if it came in the place of its agent's pipe.
    pub(super) said: Option<KeeperReport>,
    gone: Option<KeeperEnd>,
}

/// What an instance has outside its namespaces.
#[derive(Debug, Default)]
pub(crate) struct Belongings {
    pub(crate) limits: Option<Limits>,
    pub(crate) devices: Devices,
    /// For a guest's own init in a container.
    pub(crate) delegation: Option<Delegation>,
    /// For a VM, or for a guest's own init.
    pub(crate) console: Option<Console>,
    /// Other descriptors for its keeper: disks of a VM.
    pub(crate) others: Vec<(Descriptor, OwnedFd)>,
}

impl Instance {
    /// Starts an instance whose agent talks to `stream`.
    pub(crate) fn start(
        assignment: &Assignment,
        number: u64,
        stream: &UnixStream,
        maps: &IdMaps,
        belongings: Belongings,
        parent: &Parent<'_>,
    ) -> Result<Self, Failure> {
        let cannot = |what: &str, error: io::Error| {
            not_started(&assignment.instance, &assignment.guest, what, &error)
        };
        let (control, theirs) =
            UnixStream::pair().map_err(|error| cannot("make a pair of sockets", error))?;
        let stream = stream
            .try_clone()
            .map_err(|error| cannot("copy the stream", error))?;
        let isolation = Isolation {
            user: assignment.user_namespace(),
            network: assignment.network.is_apart(),
            // A group may allow the use of /dev/kvm or the reading of the workspace. The keeper of
            // a container leaves its groups before anything of the guest runs. The groups of the
            // real root own much of the host, and its keepers get devices and directories without
            // them.
            keep_groups: maps.source != Source::Root,
        };
        let numbered = (number, assignment.kind());
        let sockets = [theirs.into(), stream.into()];
        let (waiting, taps) = parent.start(maps, numbered, sockets, isolation)?;
        let pidfd = waiting.pidfd.try_clone();
        let mut instance = Self {
            name: assignment.instance.clone(),
            guest: assignment.guest.clone(),
            pid: waiting.pid,
            pidfd: pidfd.map_err(|error| cannot("keep its process", error))?,
            control,
            delegation: belongings.delegation,
            console: belongings.console,
            limits: belongings.limits,
            devices: belongings.devices,
            link: None,
            agent: None,
            said: None,
            gone: None,
        };
        if isolation.user {
            parent.map(maps, number, instance.pid)?;
        }
        let groups = instance.confine()?;
        // With its ids, trees of the host are mapped.
        let is_needed = isolation.user && !assignment.trees().is_empty();
        let namespace = is_needed
            .then(|| File::open(format!("/proc/{}/ns/user", instance.pid)))
            .transpose()
            .map_err(|error| cannot("find its user namespace", error))?
            .map(OwnedFd::from);
        waiting.go().map_err(|error| cannot("let it go", error))?;
        let owner = if isolation.user {
            maps.root_of(number)
        } else {
            0
        };
        let mut others: Vec<_> = taps
            .into_iter()
            .map(|tap| (Descriptor::Port, tap))
            .collect();
        let groups = groups.into_iter();
        others.extend(groups.map(|group| (Descriptor::Group, group)));
        others.extend(belongings.others);
        if assignment.has_own_link() {
            let (link, orders) = OwnLink::new().map_err(|error| cannot("use its link", error))?;
            instance.link = Some(Arc::new(link));
            others.push(orders);
        }
        if let Err(failure) = instance.hand_over(assignment, namespace.as_ref(), owner, &others) {
            // If the keeper failed to start, that is why nothing can be handed to it.
            return Err(instance.early_failure().unwrap_or(failure));
        }
        if instance.delegation.is_some() {
            // If the keeper has failed by now, its end will be noticed.
            let _ = instance.await_agent();
        }
        Ok(instance)
    }

    /// Limits its processes, and gives it its control group. Returns the groups that its keeper has to
    /// enter itself.
    fn confine(&self) -> Result<Vec<OwnedFd>, Failure> {
        let cannot =
            |what: &str, error: io::Error| not_started(&self.name, &self.guest, what, &error);
        let limits = self.limits.as_ref().map(|limits| limits.take(self.pid));
        let rest = limits.transpose();
        let rest = rest.map_err(|error| cannot("limit it", error))?;
        if let Some(delegation) = &self.delegation {
            let taken = delegation.take(self.pid);
            taken.map_err(|error| cannot("give it a control group", error))?;
        }
        Ok(rest.unwrap_or_default())
    }

    /// Waits for the pipe that the agent of a booting guest will hold open.
    pub(super) fn await_agent(&mut self) -> io::Result<()> {
        match frame::read(&self.control)? {
            Some(KeeperReport::Agent) => self.agent = Some(handover::receive(&self.control)?),
            other => self.said = other,
        }
        Ok(())
    }

    /// Returns the process id of the keeper.
    pub(crate) fn keeper(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Returns the keeper's process.
    pub(super) fn process(&self) -> (Pid, &OwnedFd) {
        (self.pid, &self.pidfd)
    }

    /// Waits until something ends it.
    pub(crate) fn wait(&self, holder: &UnixStream, stop: &OwnedFd) -> Event {
        event::wait(self.process(), self.agent.as_ref(), holder, stop)
    }

    /// Returns a reader for the number of processes killed for lack of memory.
    pub(crate) fn oom_watch(&self) -> OomWatch {
        self.limits
            .as_ref()
            .map(Limits::oom_watch)
            .unwrap_or_default()
    }

    /// Returns another handle of its console, if it has one.
    pub(crate) fn console(&self) -> Option<Console> {
        self.console.as_ref()?.share().ok()
    }

    /// Returns its link to the outside, if it has one of its own.
    pub(crate) fn link(&self) -> Option<Arc<OwnLink>> {
        self.link.clone()
    }

    /// Kills the keeper and waits for its end, which ends all processes, mounts and interfaces of
    /// the instance.
    pub(super) fn kill(&mut self) -> KeeperEnd {
        if let Some(ended) = &self.gone {
            return ended.clone();
        }
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        let mut end = [PollFd::new(&self.pidfd, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = poll(&mut end, None) {}
        // Below a lab's keeper, that one is told how it ended.
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        let status = status.ok().flatten();
        let ended = KeeperEnd::of(status.as_ref());
        self.gone = Some(ended.clone());
        ended
    }
}

pub(super) fn not_started(instance: &str, guest: &str, what: &str, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot start instance {instance} of guest `{guest}`: {what}: {error}"
    ))
    .because(Tried::Descriptor, error)
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}
