//! Two connections in place of an interface: each message is a frame, with its length before it. An
//! emulator has their other ends. Never waits long, and knows no emulator.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, SocketType, recv,
    sendmsg, socketpair,
};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use vm_test_sys::packet::{HEADER, Received};

/// How long a frame waits for room. The emulator reads all the time.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

/// The length before a frame.
const LENGTH: usize = 4;

/// The longest frame that an emulator reads in one piece, with its length.
const LONGEST: usize = 4096;

/// The ends of both connections here.
#[derive(Debug)]
pub(super) struct Wires {
    from: OwnedFd,
    to: OwnedFd,
    /// The emulator's end of the second, which shows whether it has read everything.
    far: OwnedFd,
}

/// The emulator's ends.
#[derive(Debug)]
pub(super) struct FarEnds {
    /// It writes frames here.
    pub(super) frames_from: OwnedFd,
    /// It reads frames here.
    pub(super) frames_to: OwnedFd,
}

impl Wires {
    /// Makes both connections.
    pub(super) fn make() -> io::Result<(Self, FarEnds)> {
        // Each frame is taken whole or not at all.
        let pair = || {
            let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
            socketpair(family, kind, SocketFlags::CLOEXEC, None)
        };
        let ((from, frames_from), (to, frames_to)) = (pair()?, pair()?);
        let far = frames_to.try_clone()?;
        let ends = FarEnds {
            frames_from,
            frames_to,
        };
        Ok((Self { from, to, far }, ends))
    }

    /// Receives a frame, with an empty header before it. An emulator that has closed its end sends
    /// none, and may still read.
    ///
    /// # Errors
    /// If the connection is broken.
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<Received> {
        let Some((header, room)) = buffer.split_at_mut_checked(HEADER) else {
            return Ok(Received::Lost);
        };
        loop {
            return match recv(&self.from, &mut *room, RecvFlags::DONTWAIT) {
                Ok((_, 0)) => Ok(Received::Nothing),
                // The length comes as a message of its own, and no frame is as short.
                Ok((_, LENGTH)) => continue,
                Ok((_, length)) => {
                    header.fill(0);
                    Ok(Received::Frame {
                        length: HEADER + length,
                        is_outgoing: false,
                    })
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(Received::Nothing),
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Sends a frame with its header.
    ///
    /// # Errors
    /// If there is no room for it, it is too long, or the emulator has ended.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        let bare = frame.get(HEADER..).unwrap_or_default();
        if bare.len() + LENGTH > LONGEST {
            return Err(Errno::MSGSIZE.into());
        }
        let length = u32::try_from(bare.len()).unwrap_or_default().to_be_bytes();
        let message = [IoSlice::new(&length), IoSlice::new(bare)];
        let send = || {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            sendmsg(
                &self.to,
                &message,
                &mut SendAncillaryBuffer::default(),
                flags,
            )
        };
        if send() == Err(Errno::WOULDBLOCK) {
            let mut room = [PollFd::new(&self.to, PollFlags::OUT)];
            let _ = poll(&mut room, Some(&PATIENCE));
            send()?;
        }
        Ok(())
    }

    /// Returns whether the emulator has read all that was sent.
    pub(super) fn is_read(&self) -> bool {
        ioctl_fionread(&self.far).is_ok_and(|waiting| waiting == 0)
    }
}

impl AsFd for Wires {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.from.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(bytes: &[u8]) -> Vec<u8> {
        [&[0; HEADER][..], bytes].concat()
    }

    #[test]
    fn a_frame_has_its_length_before_it_and_its_header_only_here() {
        let (wires, ends) = Wires::make().unwrap();
        assert!(wires.is_read());
        wires.send(&framed(&[7; 60])).unwrap();
        assert!(!wires.is_read());
        let mut read = [0; 100];
        let (_, length) = recv(&ends.frames_to, &mut read[..], RecvFlags::DONTWAIT).unwrap();
        assert_eq!(read[..length], [&[0, 0, 0, 60][..], &[7; 60]].concat());
        assert!(wires.is_read());
        // The emulator writes both apart.
        for part in [&[0, 0, 0, 20][..], &[9; 20]] {
            rustix::net::send(&ends.frames_from, part, SendFlags::empty()).unwrap();
        }
        let mut buffer = [1; 100];
        let length = HEADER + 20;
        let received = Received::Frame {
            length,
            is_outgoing: false,
        };
        assert_eq!(wires.receive(&mut buffer).unwrap(), received);
        assert_eq!(buffer[..length], framed(&[9; 20]));
        assert_eq!(wires.receive(&mut buffer).unwrap(), Received::Nothing);
        drop(ends.frames_from);
        assert_eq!(wires.receive(&mut buffer).unwrap(), Received::Nothing);
        wires.send(&framed(&[7; 60])).unwrap();
    }

    #[test]
    fn what_finds_no_room_or_is_too_long_is_refused_whole() {
        let (wires, ends) = Wires::make().unwrap();
        assert!(wires.send(&framed(&[1; LONGEST])).is_err());
        let mut sent = 0;
        while wires.send(&framed(&[1; 1514])).is_ok() {
            sent += 1;
        }
        let mut read = [0; LONGEST];
        let mut lengths = Vec::new();
        while let Ok((_, length)) = recv(&ends.frames_to, &mut read[..], RecvFlags::DONTWAIT) {
            lengths.push(length);
        }
        assert_eq!(lengths, vec![1518; sent]);
        assert!(sent > 50, "{sent}");
        wires.send(&framed(&[1; 1514])).unwrap();
    }
}
