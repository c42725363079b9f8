//! Requests of the kernel's route protocol, as bytes: the few that a VLAN takes.

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;

/// The length of a message's header.
const HEADER: usize = 16;

/// The type of the kernel's answer to a request.
const ERROR: u16 = 2;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request(Vec<u8>);

impl Request {
    /// Returns a request of this kind, whose own header is this.
    pub(super) fn new(kind: u16, flags: i32, header: &[u8]) -> Self {
        let flags = u16::try_from(flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK);
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.unwrap_or_default().to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(header);
        Self(bytes)
    }

    /// Adds an attribute.
    pub(super) fn with(mut self, kind: u16, content: &[u8]) -> Self {
        self.0.extend(attribute(kind, content));
        self
    }
}

/// Returns an attribute, filled up to whole words.
pub(super) fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 4).unwrap_or_default();
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// Returns the header of a message about an interface: its number, and flags that are set.
pub(super) fn of_link(number: u32, flags: i32) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[4..8].copy_from_slice(&number.to_ne_bytes());
    bytes[8..12].copy_from_slice(&flags.to_ne_bytes());
    // Which flags change.
    bytes[12..16].copy_from_slice(&flags.to_ne_bytes());
    bytes
}

/// The kernel's side of this network namespace.
#[derive(Debug)]
pub(super) struct Routes(OwnedFd);

impl Routes {
    pub(super) fn open() -> io::Result<Self> {
        // Without a number, the protocol is that of routes.
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        Ok(Self(socket_with(family, kind, SocketFlags::CLOEXEC, None)?))
    }

    /// Makes a request, and waits for its answer.
    pub(super) fn ask(&self, request: Request) -> io::Result<()> {
        let Request(mut bytes) = request;
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        send(&self.0, &bytes, SendFlags::empty())?;
        let mut bytes = [0; 1 << 12];
        loop {
            match recv(&self.0, &mut bytes[..], RecvFlags::empty()) {
                Ok((length, _)) => {
                    if let Some(answer) = answer(&bytes[..length]) {
                        return answer;
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Reads an answer; other messages are none.
fn answer(bytes: &[u8]) -> Option<io::Result<()>> {
    let kind = bytes.get(4..6)?.try_into().ok()?;
    let error = bytes.get(HEADER..HEADER + 4)?.try_into().ok()?;
    if u16::from_ne_bytes(kind) != ERROR {
        return None;
    }
    Some(match i32::from_ne_bytes(error) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error.saturating_neg())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_filled_up_and_their_length_is_that_of_the_content() {
        let mut expected = 5_u16.to_ne_bytes().to_vec();
        expected.extend(7_u16.to_ne_bytes());
        expected.extend([1, 0, 0, 0]);
        assert_eq!(attribute(7, &[1]), expected);
        assert_eq!(attribute(7, &[1, 2, 3, 4]).len(), 8);
    }

    #[test]
    fn the_kernel_answers_requests_and_names_what_it_does_not_do() {
        let routes = Routes::open().unwrap();
        // Nobody may remove what is not there.
        let request = Request::new(libc::RTM_DELLINK, 0, &of_link(u32::MAX >> 1, 0));
        let error = routes.ask(request).unwrap_err();
        let code = error.raw_os_error();
        assert!(matches!(code, Some(libc::EPERM | libc::ENODEV)), "{error}");
        assert!(answer(&[0; 40]).is_none());
        assert!(answer(&[0; 3]).is_none());
    }
}
