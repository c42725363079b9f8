//! Packet sockets: the frames of one network interface. Knows nothing of a frame but where the tag
//! of a VLAN belongs, and decides about none.

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, send, socket_with, sockopt};
use std::io::{self, ErrorKind};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The length of the header before each frame of a socket with headers: what the frame's sender
/// left to the hardware (`struct virtio_net_hdr`).
pub const HEADER: usize = 10;

/// The longest frame that the kernel hands out in one piece, tag included.
pub const LONGEST: usize = 18 + (1 << 16);

/// How much the kernel keeps of what nobody has read so far, in bytes of its own accounting. It may
/// allow less.
const ROOM: usize = 2 << 20;

/// Where a tag stands in a frame: after both hardware addresses.
const TAG: usize = 12;

/// The protocol of VLAN tags.
const TAGGED: u16 = 0x8100;

/// Where the length of the protocol headers and the start of the checksum stand in the header.
const LENGTH_OF_HEADERS: usize = 2;
const START_OF_SUM: usize = 6;

/// Which frames a socket receives, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether frames that leave through the interface are received, too.
    pub outgoing: bool,
    /// Whether the interface takes frames that are for others off its wire.
    pub promiscuous: bool,
    /// Whether each frame has a header, see [`HEADER`]: then it may be longer than the interface
    /// carries, and its checksum may be missing.
    pub headers: bool,
}

/// What one attempt to receive brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// A frame.
    Frame {
        /// Its length in bytes, its header included.
        length: usize,
        /// Whether it leaves through the interface.
        is_outgoing: bool,
    },
    /// A frame that cannot be handed out: it was longer than the buffer, or of a kind that headers
    /// do not describe.
    Lost,
    /// No frame waits.
    Nothing,
}

/// A packet socket on one interface. Never blocks.
#[derive(Debug)]
pub struct Packets {
    socket: OwnedFd,
}

impl Packets {
    /// Opens a socket on the interface of this name. It receives nothing until
    /// [`Packets::hear`].
    ///
    /// # Errors
    /// If there is no such interface, or this process may not see its frames.
    pub fn open(interface: &str, options: Options) -> io::Result<Self> {
        let packets = Self::unbound()?;
        let set = |what, value: bool| packets.set(what, &libc::c_int::from(value));
        set(libc::PACKET_AUXDATA, true)?;
        set(libc::PACKET_IGNORE_OUTGOING, !options.outgoing)?;
        if options.headers {
            set(libc::PACKET_VNET_HDR, true)?;
        }
        sockopt::set_socket_recv_buffer_size(&packets.socket, ROOM)?;
        packets.take_at_most(0)?;
        packets.bind(interface)?;
        if options.promiscuous {
            let number = name_to_index(&packets.socket, interface)?;
            let membership = libc::packet_mreq {
                mr_ifindex: number.cast_signed(),
                mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default(),
                mr_alen: 0,
                mr_address: [0; 8],
            };
            packets.set(libc::PACKET_ADD_MEMBERSHIP, &membership)?;
        }
        Ok(packets)
    }

    /// Returns a socket that is on no interface yet.
    pub(crate) fn unbound() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // Without a protocol, nothing is received before it is bound.
        let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
        Ok(Self { socket })
    }

    /// Puts the socket on the interface of this name, for frames of all protocols.
    pub(crate) fn bind(&self, interface: &str) -> io::Result<()> {
        let number = name_to_index(&self.socket, interface)?;
        // SAFETY: all-zero bytes are a valid address.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
        let all = u16::try_from(libc::ETH_P_ALL).unwrap_or_default();
        address.sll_protocol = all.to_be();
        address.sll_ifindex = number.cast_signed();
        let length = length_of::<libc::sockaddr_ll>();
        // SAFETY: the address lives as long as the call, and `length` is its size.
        let bound =
            unsafe { libc::bind(self.socket.as_raw_fd(), (&raw const address).cast(), length) };
        done(bound)
    }

    /// Receives nothing from now on. What has come before stays to be received.
    ///
    /// # Errors
    /// If the kernel has no memory for it.
    pub fn deafen(&self) -> io::Result<()> {
        self.take_at_most(0)
    }

    /// Receives whole frames from now on.
    ///
    /// # Errors
    /// If it does so already.
    pub fn hear(&self) -> io::Result<()> {
        self.set_at(libc::SOL_SOCKET, libc::SO_DETACH_FILTER, &0)
    }

    /// Receives so many bytes of each frame, none if that is 0.
    pub(crate) fn take_at_most(&self, bytes: u32) -> io::Result<()> {
        let code = u16::try_from(libc::BPF_RET | libc::BPF_K).unwrap_or_default();
        let mut program = [libc::sock_filter {
            code,
            jt: 0,
            jf: 0,
            k: bytes,
        }];
        let program = libc::sock_fprog {
            len: 1,
            filter: program.as_mut_ptr(),
        };
        self.set_at(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }

    /// Receives a frame, with the tag of its VLAN if it has one.
    ///
    /// `headers` says whether the socket was opened with headers.
    ///
    /// # Errors
    /// If the interface is down or gone.
    pub fn receive(&self, buffer: &mut [u8], headers: bool) -> io::Result<Received> {
        // The kernel takes a tag out of the frame, and there must be room to put it back.
        let Some(room) = buffer.len().checked_sub(4) else {
            return Ok(Received::Lost);
        };
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: room,
        };
        let mut beside = [0_u64; 8];
        // SAFETY: all-zero bytes are a valid address.
        let mut from: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        // SAFETY: all-zero bytes are a valid message header.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = (&raw mut from).cast();
        message.msg_namelen = length_of::<libc::sockaddr_ll>();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = beside.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&beside) as _;
        // SAFETY: the buffers live as long as the call, and the message has their sizes.
        let length = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, 0) };
        let Ok(length) = usize::try_from(length) else {
            let error = io::Error::last_os_error();
            return match (error.kind(), error.raw_os_error()) {
                (ErrorKind::WouldBlock | ErrorKind::Interrupted, _) => Ok(Received::Nothing),
                (_, Some(libc::EINVAL)) => Ok(Received::Lost),
                _ => Err(error),
            };
        };
        if message.msg_flags & libc::MSG_TRUNC != 0 {
            return Ok(Received::Lost);
        }
        let header = if headers { HEADER } else { 0 };
        let tag = tag_beside(&message);
        Ok(Received::Frame {
            length: match tag {
                Some(tag) => put_tag(buffer, length, header, tag),
                None => length,
            },
            is_outgoing: from.sll_pkttype == libc::PACKET_OUTGOING,
        })
    }

    /// Returns how many frames found no room since this was last asked.
    #[must_use]
    pub fn lost(&self) -> u64 {
        // Rings have one more count; the kernel writes as many as a socket has.
        let mut counts = libc::tpacket_stats_v3 {
            tp_packets: 0,
            tp_drops: 0,
            tp_freeze_q_cnt: 0,
        };
        let mut length = length_of::<libc::tpacket_stats_v3>();
        let (socket, level) = (self.socket.as_raw_fd(), libc::SOL_PACKET);
        let to = (&raw mut counts).cast();
        // SAFETY: the counts live as long as the call, and `length` is their size.
        unsafe {
            libc::getsockopt(socket, level, libc::PACKET_STATISTICS, to, &raw mut length);
        }
        counts.tp_drops.into()
    }

    /// Sends a frame through the interface, with its header if the socket has headers.
    ///
    /// # Errors
    /// If the interface does not take it, or is down or gone.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        send(&self.socket, frame, rustix::net::SendFlags::empty())?;
        Ok(())
    }

    pub(crate) fn set<T>(&self, what: libc::c_int, value: &T) -> io::Result<()> {
        self.set_at(libc::SOL_PACKET, what, value)
    }

    fn set_at<T>(&self, level: libc::c_int, what: libc::c_int, value: &T) -> io::Result<()> {
        let length = length_of::<T>();
        let socket = self.socket.as_raw_fd();
        // SAFETY: each option is set to a value of its own type, which lives as long as the call.
        let set = unsafe {
            libc::setsockopt(
                socket,
                level,
                what,
                std::ptr::from_ref(value).cast(),
                length,
            )
        };
        done(set)
    }
}

impl AsFd for Packets {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn length_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or_default()
}

fn done(answer: libc::c_int) -> io::Result<()> {
    match answer {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Returns the tag that the kernel has taken out of the frame of this message.
fn tag_beside(message: &libc::msghdr) -> Option<[u8; 4]> {
    // SAFETY: the kernel has filled in the message, whose buffers are alive.
    let mut part = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !part.is_null() {
        // SAFETY: the pointer leads to the header of a part, within the message's buffer.
        let (level, kind, data) =
            unsafe { ((*part).cmsg_level, (*part).cmsg_type, libc::CMSG_DATA(part)) };
        if level == libc::SOL_PACKET && kind == libc::PACKET_AUXDATA {
            // SAFETY: a part of this kind is such a structure, which may be unaligned.
            let aux = unsafe { data.cast::<libc::tpacket_auxdata>().read_unaligned() };
            return tag(aux.tp_status, aux.tp_vlan_tpid, aux.tp_vlan_tci);
        }
        // SAFETY: as for the first part.
        part = unsafe { libc::CMSG_NXTHDR(message, part) };
    }
    None
}

/// Returns a tag as it stands in a frame, if this status says that there is one.
pub(crate) fn tag(status: u32, protocol: u16, tag: u16) -> Option<[u8; 4]> {
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let has_protocol = status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
    let protocol = if has_protocol { protocol } else { TAGGED };
    let ([a, b], [c, d]) = (protocol.to_be_bytes(), tag.to_be_bytes());
    Some([a, b, c, d])
}

/// Puts a tag into a frame of this length with a header; returns the new length.
///
/// The buffer has room for it.
fn put_tag(buffer: &mut [u8], length: usize, header: usize, tag: [u8; 4]) -> usize {
    let at = header + TAG;
    if length < at || buffer.len() < length + tag.len() {
        return length;
    }
    buffer.copy_within(at..length, at + tag.len());
    buffer[at..at + tag.len()].copy_from_slice(&tag);
    if header == HEADER {
        for field in [LENGTH_OF_HEADERS, START_OF_SUM] {
            let value = u16::from_ne_bytes([buffer[field], buffer[field + 1]]);
            if value != 0 {
                let moved = value.saturating_add(4).to_ne_bytes();
                buffer[field..field + 2].copy_from_slice(&moved);
            }
        }
    }
    length + tag.len()
}

/// Returns a frame with this tag in it.
#[must_use]
pub(crate) fn with_tag(frame: &[u8], tag: Option<[u8; 4]>) -> Vec<u8> {
    match (tag, frame.split_at_checked(TAG)) {
        (Some(tag), Some((addresses, rest))) => [addresses, &tag, rest].concat(),
        _ => frame.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_put_after_the_addresses_and_the_checksum_moves_with_its_packet() {
        let mut buffer = [0; 64];
        buffer[START_OF_SUM..START_OF_SUM + 2].copy_from_slice(&34_u16.to_ne_bytes());
        let frame: Vec<u8> = (1..=20).collect();
        buffer[HEADER..HEADER + 20].copy_from_slice(&frame);
        let length = put_tag(&mut buffer, HEADER + 20, HEADER, [0x81, 0, 0, 93]);
        let tagged = [&frame[..12], &[0x81, 0, 0, 93], &frame[12..]].concat();
        assert_eq!(buffer[HEADER..length], tagged);
        let start = [buffer[START_OF_SUM], buffer[START_OF_SUM + 1]];
        assert_eq!(u16::from_ne_bytes(start), 38);
        assert_eq!(buffer[LENGTH_OF_HEADERS], 0);
        assert_eq!(with_tag(&frame, Some([0x81, 0, 0, 93])), tagged);
        assert_eq!(with_tag(&frame[..5], Some([0; 4])), frame[..5]);
    }

    #[test]
    fn only_a_frame_that_had_a_tag_gets_one_and_older_kernels_leave_out_its_protocol() {
        let (valid, known) = (libc::TP_STATUS_VLAN_VALID, libc::TP_STATUS_VLAN_TPID_VALID);
        assert_eq!(tag(0, 0x88a8, 93), None);
        assert_eq!(tag(valid, 0, 93), Some([0x81, 0, 0, 93]));
        assert_eq!(tag(valid | known, 0x88a8, 256), Some([0x88, 0xa8, 1, 0]));
    }
}
