//! Where frames come into the relay and leave it: the interface of a link, or the card of an emulator
//! that has none. Carries nothing itself.

use super::wires::Wires;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use vm_test_sys::batch::Batch;
use vm_test_sys::packet::{Options, Packets};
use vm_test_sys::packet_program::Program;

/// Each frame has what its sender left to the hardware, so that long ones pass in one piece. The
/// kernel cuts them for an interface that cannot take them.
pub(super) const OPTIONS: Options = Options {
    outgoing: false,
    promiscuous: false,
    headers: true,
};

/// Where frames come in and leave.
#[derive(Debug)]
pub(super) enum Outlet {
    Interface(Packets),
    Card(Wires),
}

impl Outlet {
    /// Opens an interface, of which nothing is heard so far.
    pub(super) fn open(interface: &str) -> io::Result<Self> {
        Packets::open(interface, OPTIONS).map(Self::Interface)
    }

    /// Hears what comes in from now on.
    pub(super) fn hear(&self) -> io::Result<()> {
        match self {
            Self::Interface(packets) => packets.hear(),
            Self::Card(_) => Ok(()),
        }
    }

    /// Hears those of the frames that come in to which a program does not answer 0.
    pub(super) fn hear_those(&self, program: &Program) -> io::Result<()> {
        match self {
            Self::Interface(packets) => packets.hear_those(program),
            Self::Card(_) => Err(ErrorKind::Unsupported.into()),
        }
    }

    /// Hears nothing new from now on.
    pub(super) fn deafen(&self) -> io::Result<()> {
        match self {
            Self::Interface(packets) => packets.deafen(),
            Self::Card(_) => Ok(()),
        }
    }

    /// Receives frames with their headers into a batch, at most so many; returns how many there are
    /// in it now, and whether more may wait.
    ///
    /// # Errors
    /// If the interface is down or gone, or the emulator has ended.
    pub(super) fn receive(&self, batch: &mut Batch, most: usize) -> io::Result<(usize, bool)> {
        match self {
            Self::Interface(packets) => batch.receive(packets, most),
            Self::Card(wires) => batch.fill(most, |room| wires.receive(room)),
        }
    }

    /// Sends the frames with these numbers of a batch. What is not taken is lost, as at the port of
    /// a switch that is full.
    pub(super) fn send_some(&self, batch: &mut Batch, numbers: impl Iterator<Item = usize>) {
        match self {
            Self::Interface(packets) => batch.send(packets, numbers),
            Self::Card(wires) => {
                for frame in numbers.filter_map(|number| batch.frame(number)) {
                    let _ = wires.send(frame);
                }
            }
        }
    }

    /// Sends a frame with its header.
    ///
    /// # Errors
    /// If it is not taken.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Interface(packets) => packets.send(frame),
            Self::Card(wires) => wires.send(frame),
        }
    }

    /// Returns whether all that was sent has been taken, where that can be seen.
    pub(super) fn is_read(&self) -> bool {
        match self {
            Self::Interface(_) => true,
            Self::Card(wires) => wires.is_read(),
        }
    }
}

impl AsFd for Outlet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Interface(packets) => packets.as_fd(),
            Self::Card(wires) => wires.as_fd(),
        }
    }
}
