//! The link of a guest that is in no lab: takes the daemon's orders about its faults, one after the
//! other, and answers each. Ends with their connection.

use super::card::Card;
use super::links::Links;
use super::messages::{Fault, LabReport, ToLab};
use super::moves::{Bridges, Mover};
use super::relay::Relay;
use super::relayed::Interface;
use super::room::{BRIDGE, PORT};
use crate::backend::STREAM;
use crate::backend::kvm::Detour;
use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::inherited;

/// Runs what carries the link of a container, in a process that was started for it in the room of
/// that link.
pub fn main() -> ExitCode {
    // It is the agent's. As long as anybody has it, its end does not show.
    drop(inherited::take(STREAM));
    match serve_room() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test: a link is carried for a container's keeper only: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_room() -> io::Result<()> {
    let orders = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    let (mut links, relay) = (Links::open()?, Relay::start()?);
    let interface = Interface {
        name: PORT.to_owned(),
        hardware: None,
    };
    relay.add_link(0, interface, &BRIDGE, &mut links)?;
    let mut bridges = Bridges {
        all: vec![BRIDGE],
        links: &mut links,
    };
    serve(&orders, &relay, &mut bridges)
}

/// Serves the link of a VM, whose QEMU has a second monitor at this socket, in a thread.
pub(in super::super) fn serve_card(orders: UnixStream, monitor: UnixStream) -> io::Result<()> {
    let relay = Relay::start()?;
    let run = move || {
        let mut card = Card::new(Detour::new(monitor));
        // The daemon sees the end of the connection.
        let _ = serve(&orders, &relay, &mut card);
    };
    thread::Builder::new().spawn(run)?;
    Ok(())
}

/// Serves until the daemon closes the connection.
fn serve(orders: &UnixStream, relay: &Relay, mover: &mut dyn Mover) -> io::Result<()> {
    while let Some(order) = frame::read(orders)? {
        let done = match order {
            ToLab::Fault(fault @ Fault::Link { .. }) => {
                let begun = relay.add_fault(fault, mover);
                begun.map(LabReport::Faulted)
            }
            ToLab::Mend(number) => {
                let mended = relay.mend(number, mover);
                mended.map(|mended| LabReport::Mended {
                    delivered: mended.delivered,
                    lost: mended.lost,
                })
            }
            ToLab::Tally(number) => relay.tally(number).map(LabReport::Tally),
            _ => Err(io::Error::other("it is in no lab")),
        };
        let failed = |error: io::Error| LabReport::Failed(Failure::new(error.to_string()));
        frame::write(orders, &done.unwrap_or_else(failed))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::relayed::Relayed;
    use super::*;
    use std::os::fd::OwnedFd;
    use vm_test_protocol::order::{Direction, Effect};

    /// Counts how often links were arranged, and refuses what it is told to.
    #[derive(Default)]
    struct Counted {
        arranged: usize,
        refuses: bool,
    }

    impl Mover for Counted {
        fn arrange(&mut self, _: &mut Relayed, _: &OwnedFd) -> io::Result<()> {
            self.arranged += 1;
            if self.refuses {
                return Err(io::Error::other("not now"));
            }
            Ok(())
        }
    }

    /// Returns the answers to these orders.
    fn answers(orders: &[ToLab], mover: &mut Counted) -> Vec<LabReport> {
        let (daemon, own) = UnixStream::pair().unwrap();
        for order in orders {
            frame::write(&daemon, order).unwrap();
        }
        daemon.shutdown(std::net::Shutdown::Write).unwrap();
        let relay = Relay::start().unwrap();
        serve(&own, &relay, mover).unwrap();
        let answer = |_: &ToLab| frame::read(&daemon).unwrap().unwrap();
        orders.iter().map(answer).collect()
    }

    fn cut() -> ToLab {
        ToLab::Fault(Fault::Link {
            node: 0,
            network: 0,
            direction: Direction::Both,
            effect: Effect::Cut,
        })
    }

    #[test]
    fn a_fault_begins_and_ends_and_each_order_has_one_answer() {
        let mut mover = Counted::default();
        let told = answers(
            &[cut(), ToLab::Tally(1), ToLab::Mend(1), ToLab::Mend(1)],
            &mut mover,
        );
        let failed = |cause: &str| LabReport::Failed(Failure::new(cause));
        let mended = LabReport::Mended {
            delivered: 0,
            lost: 0,
        };
        let no_such = failed("it has no such fault");
        let expected = [LabReport::Faulted(1), no_such.clone(), mended, no_such];
        assert_eq!(told, expected);
        assert_eq!(mover.arranged, 2);
    }

    #[test]
    fn what_cannot_be_moved_has_no_fault_and_what_only_labs_have_is_refused() {
        let mut mover = Counted {
            refuses: true,
            ..Counted::default()
        };
        let told = answers(&[cut(), ToLab::Mend(1), ToLab::Capture], &mut mover);
        let failed = |cause: &str| LabReport::Failed(Failure::new(cause));
        let words = ["not now", "it has no such fault", "it is in no lab"];
        assert_eq!(told, words.map(failed));
    }
}
