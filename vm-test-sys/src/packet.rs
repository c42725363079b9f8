//! Packet sockets: the frames of one network interface. Knows nothing of a frame but where the tag
//! of a VLAN belongs, and decides about none.

use super::packet_program::Program;
pub use super::tag::HEADER;
use super::tag::{put_tag, tag_beside};
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, send, socket_with, sockopt};
use std::io::{self, ErrorKind};
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The longest frame that the kernel hands out in one piece, tag included.
pub const LONGEST: usize = 18 + (1 << 16);

/// How much the kernel keeps of what nobody has read so far, in bytes of its own accounting.
const ROOM: usize = 2 << 20;

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
        // Only root of the host, or of a VM, may have more than the kernel's limit.
        if sockopt::set_socket_recv_buffer_size_force(&packets.socket, ROOM).is_err() {
            sockopt::set_socket_recv_buffer_size(&packets.socket, ROOM)?;
        }
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
        self.hear_those(&Program::new().answer(bytes))
    }

    /// Receives as many bytes of each frame as a program answers from now on.
    ///
    /// # Errors
    /// If the kernel refuses the program.
    pub fn hear_those(&self, program: &Program) -> io::Result<()> {
        program.attach(&self.socket)
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
