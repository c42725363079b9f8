//! Where frames come into the relay and leave it: the interface of a link, or the card of an emulator
//! that has none. Carries nothing itself.

use super::wires::Wires;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use vm_test_sys::packet::{Options, Packets, Received};

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

    /// Hears nothing new from now on.
    pub(super) fn deafen(&self) -> io::Result<()> {
        match self {
            Self::Interface(packets) => packets.deafen(),
            Self::Card(_) => Ok(()),
        }
    }

    /// Receives a frame with its header.
    ///
    /// # Errors
    /// If the interface is down or gone, or the emulator has ended.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        match self {
            Self::Interface(packets) => packets.receive(buffer, OPTIONS.headers),
            Self::Card(wires) => wires.receive(buffer),
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
