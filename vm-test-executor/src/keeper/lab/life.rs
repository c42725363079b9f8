//! The life of a lab's keeper: makes the networks, starts the keepers of nodes as the daemon asks,
//! and ends with its connection to the daemon. The kernel then ends everything below it.

use super::super::control::CONTROL;
use super::super::life::COMMAND;
use super::super::mounts;
use super::super::start::{Isolation, start};
use super::ids;
use super::messages::{Carried, LabReport, LinkKind, Node, ToLab};
use super::switch::Switch;
use rustix::process::{WaitOptions, wait};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::namespaces::Waiting;
use vm_test_sys::{handover, inherited, tap};

/// The argument that makes the program the keeper of a lab.
pub const LAB: &str = "__lab";

/// Runs the keeper of a lab in a process that was started for it.
pub fn main() -> ExitCode {
    let control = match inherited::take(CONTROL) {
        Ok(control) => UnixStream::from(control),
        Err(error) => {
            eprintln!("vm-test: the keeper of a lab is started by the daemon only: {error}");
            return ExitCode::FAILURE;
        }
    };
    match serve(&control) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If the daemon is gone, nobody needs it.
            let _ = frame::write(&control, &LabReport::Failed(cannot("serve it", &error)));
            ExitCode::FAILURE
        }
    }
}

fn cannot(what: &str, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {what}: {error}"))
}

/// Serves until the daemon closes the connection.
fn serve(control: &UnixStream) -> io::Result<()> {
    inherited::set_inheritable(control, false)?;
    mounts::cut_off()?;
    mounts::mount_proc()?;
    let mut switch = None;
    while let Some(message) = frame::read(control)? {
        match message {
            ToLab::Networks(networks) => {
                let made = Switch::make(networks).map(|made| switch = Some(made));
                let report = match made {
                    Ok(()) => LabReport::Ready,
                    Err(error) => LabReport::Failed(cannot("make its networks", &error)),
                };
                frame::write(control, &report)?;
            }
            ToLab::Node(node) => {
                let [theirs, stream] = [handover::receive(control)?, handover::receive(control)?];
                let started = match &mut switch {
                    Some(switch) => start_node(switch, &node, theirs, stream),
                    None => Err(Failure::new("it has no networks")),
                };
                match started {
                    Ok((waiting, taps)) => hand_over(control, &waiting, &taps)?,
                    Err(failure) => frame::write(control, &LabReport::Failed(failure))?,
                }
            }
            ToLab::Fault(fault) => {
                let begun = used(&mut switch, |switch| switch.fault(fault));
                let report = begun.map_or_else(LabReport::Failed, LabReport::Faulted);
                frame::write(control, &report)?;
            }
            ToLab::Mend(number) => {
                let mended = used(&mut switch, |switch| switch.mend(number));
                let report = mended.map_or_else(LabReport::Failed, |mended| LabReport::Mended {
                    delivered: mended.delivered,
                    lost: mended.lost,
                });
                frame::write(control, &report)?;
            }
            ToLab::Tally(number) => {
                let told = used(&mut switch, |switch| switch.tally(number));
                let report = told.map_or_else(LabReport::Failed, LabReport::Tally);
                frame::write(control, &report)?;
            }
            ToLab::Proxy(proxy) => {
                let begun = used(&mut switch, |switch| switch.proxy(&proxy));
                let report = begun.map_or_else(LabReport::Failed, LabReport::Proxying);
                frame::write(control, &report)?;
            }
            ToLab::AskProxy(number) => {
                let told = used(&mut switch, |switch| switch.ask_proxy(number));
                let report = told.map_or_else(LabReport::Failed, LabReport::Proxied);
                frame::write(control, &report)?;
            }
            ToLab::EndProxy(number) => {
                let ended = used(&mut switch, |switch| switch.end_proxy(number));
                let report = ended.map_or_else(LabReport::Failed, |()| LabReport::ProxyEnded);
                frame::write(control, &report)?;
            }
            ToLab::Capture => match used(&mut switch, |switch| switch.capture()) {
                Ok(captures) => {
                    let carried = captures.iter().map(|capture| Carried {
                        network: capture.network,
                        lost: capture.lost,
                    });
                    frame::write(control, &LabReport::Captured(carried.collect()))?;
                    for capture in &captures {
                        handover::send(control, &capture.file)?;
                    }
                }
                Err(failure) => frame::write(control, &LabReport::Failed(failure))?,
            },
        }
        reap();
    }
    Ok(())
}

/// Does something with the networks, if there are any.
fn used<T>(
    switch: &mut Option<Switch>,
    work: impl FnOnce(&mut Switch) -> io::Result<T>,
) -> Result<T, Failure> {
    let switch = switch.as_mut();
    let switch = switch.ok_or_else(|| Failure::new("it has no networks"))?;
    work(switch).map_err(|error| Failure::new(error.to_string()))
}

/// Starts the keeper of a node, which waits, linked to its networks.
fn start_node(
    switch: &mut Switch,
    node: &Node,
    control: OwnedFd,
    stream: OwnedFd,
) -> Result<(Waiting, Vec<OwnedFd>), Failure> {
    let isolation = Isolation {
        user: true,
        network: true,
        keep_groups: node.keep_groups,
    };
    let waiting = start(COMMAND, control.as_fd(), Some(stream.as_fd()), isolation)
        .map_err(|error| cannot("start its keeper", &error))?;
    ids::map(waiting.pid, node.ids).map_err(|error| cannot("map its ids", &error))?;
    let linked = match &node.kind {
        LinkKind::Pairs => switch
            .connect(waiting.pid, &node.ports)
            .map(|()| Vec::new()),
        LinkKind::Taps => switch.taps(&node.ports),
        LinkKind::MadeTaps(names) => switch.join(names, &node.ports).map(|()| Vec::new()),
    };
    let taps = linked.map_err(|error| {
        let failure = cannot("link it to its networks", &error);
        match (&node.kind, error.kind()) {
            (LinkKind::Taps, io::ErrorKind::PermissionDenied) => {
                let device = tap::DEVICE;
                failure.hint(format!(
                    "VMs in labs need {device}, which only root may open here: as root, `chmod 666 {device}`, as on most systems"
                ))
            }
            _ => failure,
        }
    })?;
    Ok((waiting, taps))
}

fn hand_over(control: &UnixStream, waiting: &Waiting, taps: &[OwnedFd]) -> io::Result<()> {
    frame::write(control, &LabReport::Waiting { taps: taps.len() })?;
    handover::send(control, &waiting.pidfd)?;
    handover::send(control, waiting.way_to_let_go())?;
    taps.iter().try_for_each(|tap| handover::send(control, tap))
}

/// Forgets keepers of nodes that have ended.
fn reap() {
    while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
}
