//! The frames that an interface sends and receives, as a packet socket shows them. Knows no
//! protocol above Ethernet.

use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// How much the kernel keeps of what nobody has read so far, in bytes.
const ROOM: usize = 8 << 20;

/// All protocols, as the kernel has it in a socket's address: in the order of the network.
const ALL: u16 = 3_u16.to_be();

/// All frames that an interface sends and receives, those for others included.
#[derive(Debug)]
pub struct Frames {
    socket: OwnedFd,
}

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How many bytes of it are in the buffer.
    pub captured: usize,
    /// The tag of a VLAN that the kernel has taken out of it: the type of the tag, and its content.
    pub tag: Option<(u16, u16)>,
    /// Whether this system has sent it.
    pub is_outgoing: bool,
}

/// Space for the kernel's remarks about a frame, aligned as it needs it.
#[repr(C, align(8))]
struct Remarks([u8; 128]);

impl Frames {
    /// Watches an interface from now on.
    ///
    /// # Errors
    /// If there is no such interface, or this is not root of the network namespace.
    pub fn of(interface: &str) -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // Without a protocol it receives nothing, so no frame of another interface comes before the
        // socket is bound.
        let socket = socket_with(AddressFamily::PACKET, SocketType::RAW, flags, None)?;
        let index = name_to_index(&socket, interface)?.cast_signed();
        // A kernel may forbid more than its own limit; then less is kept.
        if sockopt::set_socket_recv_buffer_size_force(&socket, ROOM).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, ROOM)?;
        }
        set(&socket, libc::PACKET_AUXDATA, &1_i32)?;
        let promiscuous = libc::packet_mreq {
            mr_ifindex: index,
            mr_type: u16::try_from(libc::PACKET_MR_PROMISC).unwrap_or_default(),
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set(&socket, libc::PACKET_ADD_MEMBERSHIP, &promiscuous)?;
        // SAFETY: all-zero bytes are a valid address.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).unwrap_or_default();
        address.sll_protocol = ALL;
        address.sll_ifindex = index;
        // SAFETY: the address is of the family of the socket, has this length, and outlives the call.
        let bound = unsafe {
            libc::bind(
                socket.as_raw_fd(),
                (&raw const address).cast(),
                length_of(&address),
            )
        };
        if bound < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { socket })
    }

    /// Returns the next frame, whose first bytes are then in the buffer, or `None` if there is none
    /// so far.
    ///
    /// While the interface is down there is none.
    ///
    /// # Errors
    /// If the kernel cannot go on.
    pub fn next(&self, buffer: &mut [u8]) -> io::Result<Option<Frame>> {
        let mut remarks = Remarks([0; 128]);
        let mut part = libc::iovec {
            iov_base: buffer.as_mut_ptr().cast(),
            iov_len: buffer.len(),
        };
        // SAFETY: all-zero bytes are a valid address.
        let mut from: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        // SAFETY: all-zero bytes are a valid message.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_name = (&raw mut from).cast();
        message.msg_namelen = length_of(&from);
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = (&raw mut remarks.0).cast();
        message.msg_controllen = remarks.0.len() as _;
        loop {
            // SAFETY: all that the message points to has the length that it says, and outlives the
            // call.
            let length = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, 0) };
            if let Ok(captured) = usize::try_from(length) {
                return Ok(Some(Frame {
                    captured,
                    tag: tag(&message),
                    is_outgoing: from.sll_pkttype == libc::PACKET_OUTGOING,
                }));
            }
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EAGAIN) => return Ok(None),
                // It is said once each time the interface goes down.
                Some(libc::EINTR | libc::ENETDOWN) => {}
                _ => return Err(error),
            }
        }
    }

    /// Returns how many frames the kernel has dropped since this was last asked, because nobody read
    /// them in time.
    ///
    /// # Errors
    /// None on a kernel that has packet sockets.
    pub fn lost(&self) -> io::Result<u64> {
        let mut seen = MaybeUninit::<libc::tpacket_stats>::zeroed();
        let mut length = libc::socklen_t::try_from(size_of_val(&seen)).unwrap_or_default();
        // SAFETY: the kernel writes at most this length, and both outlive the call.
        let told = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                seen.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if told < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was all zero, which is valid, and any bytes that the kernel wrote are.
        Ok(unsafe { seen.assume_init() }.tp_drops.into())
    }
}

impl AsFd for Frames {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Returns the tag of a VLAN among the kernel's remarks about a frame.
fn tag(message: &libc::msghdr) -> Option<(u16, u16)> {
    // SAFETY: the kernel has filled the message, whose remarks are still there.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: it is not null, so it is a whole header within the remarks.
        let (level, kind) = unsafe { ((*header).cmsg_level, (*header).cmsg_type) };
        if (level, kind) == (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
            // SAFETY: what follows the header of this kind is this structure, perhaps unaligned.
            let remark: libc::tpacket_auxdata =
                unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(header).cast()) };
            let is_tagged = remark.tp_status & libc::TP_STATUS_VLAN_VALID != 0;
            return is_tagged.then_some((remark.tp_vlan_tpid, remark.tp_vlan_tci));
        }
        // SAFETY: both are of the message that the kernel has filled.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}

fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: each option is set with the structure that it reads, which outlives the call.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            option,
            std::ptr::from_ref(value).cast(),
            length_of(value),
        )
    };
    if set < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn length_of<T>(value: &T) -> libc::socklen_t {
    libc::socklen_t::try_from(size_of_val(value)).unwrap_or_default()
}
