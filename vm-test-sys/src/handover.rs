//! Descriptors handed over a socket: one at a time with one byte, or several beside a message.

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// How many descriptors one message may have.
const MOST: usize = 4;

/// Sends a descriptor.
///
/// # Errors
/// If the other side is gone.
pub fn send(socket: &UnixStream, fd: &OwnedFd) -> io::Result<()> {
    send_beside(socket, fd, b"d")
}

/// Sends a descriptor together with bytes of another protocol.
///
/// # Errors
/// If the other side is gone.
pub fn send_beside(socket: &UnixStream, fd: &OwnedFd, bytes: &[u8]) -> io::Result<()> {
    send_message(socket, bytes, &[fd.as_fd()])
}

/// Receives a descriptor.
///
/// # Errors
/// If the other side is gone, or sends no descriptor.
pub fn receive(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let got = recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut byte)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    if got.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    // The kernel reports that this process may not have more descriptors: one was sent and is lost.
    if got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    descriptor.ok_or(io::ErrorKind::NotFound.into())
}

/// Sends a message of a socket that keeps messages apart, with up to four descriptors.
///
/// # Errors
/// If the other side is gone.
pub fn send_message(socket: impl AsFd, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    sendmsg(
        socket,
        &[IoSlice::new(bytes)],
        &mut ancillary,
        SendFlags::NOSIGNAL,
    )?;
    Ok(())
}

/// Receives a message with its descriptors; returns how many bytes it has.
///
/// # Errors
/// `UnexpectedEof` if the other side is gone, `EMFILE` if this process may not have so many
/// descriptors.
pub fn receive_message(socket: impl AsFd, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(
        socket,
        &mut [IoSliceMut::new(bytes)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    if got.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let fds = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => fds.collect(),
        _ => Vec::new(),
    });
    let fds = fds.collect();
    if got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(rustix::io::Errno::MFILE.into());
    }
    Ok((got.bytes, fds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn messages_come_one_by_one_each_with_its_own_descriptors() {
        let kind = SocketType::SEQPACKET;
        let (here, there) =
            socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        let files: Vec<_> = (0..3)
            .map(|length| {
                let file = tempfile::tempfile().unwrap();
                file.set_len(length).unwrap();
                file
            })
            .collect();
        let fds: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        send_message(&here, b"ab", &fds).unwrap();
        send_message(&here, b"c", &[]).unwrap();
        drop(here);
        let mut bytes = [0; 8];
        let (count, taken) = receive_message(&there, &mut bytes).unwrap();
        let lengths: Vec<_> = taken
            .into_iter()
            .map(|fd| std::fs::File::from(fd).metadata().unwrap().size())
            .collect();
        assert_eq!(
            (&bytes[..count], &lengths[..]),
            (&b"ab"[..], &[0, 1, 2][..])
        );
        let (count, taken) = receive_message(&there, &mut bytes).unwrap();
        assert_eq!((&bytes[..count], taken.len()), (&b"c"[..], 0));
        let error = receive_message(&there, &mut bytes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
