//! The keeper of a lab as the daemon has it: it starts the keepers of the lab's nodes, so that they
//! are below it. Dropping it ends the lab with all of them. Knows no lease.

use super::spawner::Spawner;
use super::taps;
use crate::host::idmaps::{IdMaps, Source};
use crate::keeper::Isolation;
use crate::keeper::lab::{LAB, LabReport, Network, Node, ToLab};
use crate::sync;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::fmt::Display;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;
use vm_test_sys::namespaces::Waiting;

/// How long the keeper may take to answer: a node needs a few requests to the kernel.
const ANSWER: Duration = Duration::from_secs(20);

/// The keeper of a lab.
#[derive(Debug)]
pub(crate) struct LabKeeper {
    /// The name of the lab, for messages.
    name: String,
    pid: Pid,
    pidfd: OwnedFd,
    /// Its network namespace. The keeper leaves it for moments, to set up those of nodes, so this
    /// is not always the one that its process is in.
    namespace: Option<File>,
    /// How many taps the daemon has made for it: each has a name of its own.
    taps: AtomicUsize,
    /// One request at a time.
    control: Mutex<UnixStream>,
}

impl LabKeeper {
    /// Starts the keeper of a lab with these networks.
    pub(crate) fn start(
        name: &str,
        networks: Vec<Network>,
        maps: &IdMaps,
        spawner: &Spawner,
    ) -> Result<Self, Failure> {
        let cannot = |error: &io::Error| {
            Failure::new(format!("cannot start lab {name}: {error}"))
                .because(Tried::Descriptor, error)
        };
        let (control, theirs) = UnixStream::pair().map_err(|error| cannot(&error))?;
        control
            .set_read_timeout(Some(ANSWER))
            .map_err(|error| cannot(&error))?;
        let isolation = Isolation {
            user: true,
            network: true,
            keep_groups: maps.source != Source::Root,
        };
        let waiting = spawner.start(LAB, theirs.into(), None, isolation)?;
        let pidfd = waiting.pidfd.try_clone().map_err(|error| cannot(&error))?;
        let mut keeper = Self {
            name: name.to_owned(),
            pid: waiting.pid,
            pidfd,
            namespace: None,
            taps: AtomicUsize::new(0),
            control: Mutex::new(control),
        };
        maps.write_for_lab(waiting.pid)?;
        waiting.go().map_err(|error| cannot(&error))?;
        match keeper.ask(&ToLab::Networks(networks), &[], |_, _| Ok(()))? {
            (LabReport::Ready, ()) => {
                let namespace = File::open(format!("/proc/{}/ns/net", keeper.pid));
                keeper.namespace = Some(namespace.map_err(|error| cannot(&error))?);
                Ok(keeper)
            }
            (other, ()) => Err(keeper.not_understood(&other)),
        }
    }

    /// Makes so many taps in the lab's network namespace; returns their names and their other ends.
    pub(super) fn make_taps(&self, count: usize) -> Result<(Vec<String>, Vec<OwnedFd>), Failure> {
        let first = self.taps.fetch_add(count, Ordering::Relaxed);
        let names: Vec<_> = (first..first + count)
            .map(|number| format!("tap{number}"))
            .collect();
        let cannot = |error: &dyn Display| {
            Failure::new(format!("cannot link a VM to lab {}: {error}", self.name))
        };
        let namespace = self.namespace.as_ref();
        let namespace = namespace.ok_or_else(|| cannot(&"it has not started"))?;
        let made = taps::make(namespace.as_fd(), &names).map_err(|error| cannot(&error))?;
        Ok((names, made))
    }

    /// Starts the keeper of a node, which has its ids and its links, and waits; returns the taps of
    /// a VM besides.
    pub(super) fn start_node(
        &self,
        node: Node,
        control: OwnedFd,
        stream: OwnedFd,
    ) -> Result<(Waiting, Vec<OwnedFd>), Failure> {
        let take = |report: &LabReport, from: &UnixStream| match report {
            LabReport::Waiting { taps } => {
                let (pidfd, go) = (handover::receive(from)?, handover::receive(from)?);
                let taps: io::Result<Vec<_>> =
                    (0..*taps).map(|_| handover::receive(from)).collect();
                let waiting = Waiting::handed_over(process_of(&pidfd)?, pidfd, go);
                taps.map(|taps| Some((waiting, taps)))
            }
            _ => Ok(None),
        };
        match self.ask(&ToLab::Node(node), &[control, stream], take)? {
            (_, Some(waiting)) => Ok(waiting),
            (other, None) => Err(self.not_understood(&other)),
        }
    }

    /// Sends a message with descriptors, and returns the answer with what `take` makes of it.
    pub(super) fn ask<T>(
        &self,
        message: &ToLab,
        descriptors: &[OwnedFd],
        take: impl FnOnce(&LabReport, &UnixStream) -> io::Result<T>,
    ) -> Result<(LabReport, T), Failure> {
        let control = sync::lock(&self.control);
        let answer = frame::write(&*control, message).and_then(|()| {
            for descriptor in descriptors {
                handover::send(&control, descriptor)?;
            }
            let report: Option<LabReport> = frame::read(&*control)?;
            let report = report.ok_or(io::ErrorKind::UnexpectedEof)?;
            let taken = take(&report, &control)?;
            Ok((report, taken))
        });
        match answer {
            Ok((LabReport::Failed(failure), _)) => {
                Err(failure.reworded(|words| format!("cannot use lab {}: {words}", self.name)))
            }
            Ok(answer) => Ok(answer),
            Err(error) => {
                // What it says later would be taken for the answer to another question.
                self.end();
                Err(Failure::new(format!(
                    "cannot use lab {}: its keeper does not answer: {error}",
                    self.name
                )))
            }
        }
    }

    pub(super) fn not_understood(&self, report: &LabReport) -> Failure {
        Failure::new(format!(
            "cannot use lab {}: its keeper says {report:?}",
            self.name
        ))
    }

    /// Returns a descriptor that is readable once the keeper has ended.
    pub(crate) fn process(&self) -> &OwnedFd {
        &self.pidfd
    }

    /// Returns whether the keeper runs.
    pub(crate) fn is_alive(&self) -> bool {
        let mut end = [PollFd::new(&self.pidfd, PollFlags::IN)];
        matches!(poll(&mut end, Some(&Timespec::default())), Ok(0))
    }

    /// Ends the lab with all its nodes.
    pub(crate) fn end(&self) {
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        while let Err(rustix::io::Errno::INTR) =
            poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], None)
        {}
    }
}

impl Drop for LabKeeper {
    fn drop(&mut self) {
        self.end();
        let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
    }
}

/// Returns the id of a process in this pid namespace.
fn process_of(pidfd: &OwnedFd) -> io::Result<Pid> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pid:"));
    // 0 if it is in another pid namespace, -1 if it is gone.
    line.and_then(|pid| pid.trim().parse::<i32>().ok())
        .filter(|&pid| pid > 0)
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{PidfdFlags, getpid, pidfd_open};

    #[test]
    fn a_process_is_known_by_its_descriptor() {
        let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        assert_eq!(process_of(&own).unwrap(), getpid());
    }
}
