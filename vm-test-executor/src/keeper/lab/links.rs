//! Network interfaces of one network namespace, made by requests of the kernel's route protocol.
//! Knows no lab.

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::route::{
    RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rustix::net::netdevice::name_to_index;
use rustix::net::{
    AddressFamily as SocketFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send,
    socket_with,
};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use vm_test_protocol::machine::Route;

/// The longest answer: a header, an error number, and the request again.
const LONGEST: usize = 1 << 14;

/// The interfaces of the network namespace that this process was in when it opened them.
#[derive(Debug)]
pub(super) struct Links {
    socket: OwnedFd,
    sequence: u32,
}

/// The end of a pair of interfaces that is in another namespace.
#[derive(Debug)]
pub(super) struct FarEnd<'a> {
    pub(super) name: &'a str,
    pub(super) hardware: [u8; 6],
    pub(super) namespace: BorrowedFd<'a>,
}

impl Links {
    /// Opens the interfaces of this process's network namespace.
    pub(super) fn open() -> io::Result<Self> {
        let (family, kind) = (SocketFamily::NETLINK, SocketType::RAW);
        // Without a number, the protocol is that of routes.
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        Ok(Self {
            socket,
            sequence: 0,
        })
    }

    /// Makes a bridge that is up, with a hardware address that does not depend on its ports.
    pub(super) fn add_bridge(&mut self, name: &str, hardware: [u8; 6], mtu: u32) -> io::Result<()> {
        let mut bridge = named(name);
        bridge.attributes.extend([
            LinkAttribute::Address(hardware.to_vec()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Bridge),
                // Frames to groups reach all ports, also those that the bridge has not heard from.
                LinkInfo::Data(InfoData::Bridge(vec![InfoBridge::MulticastSnooping(false)])),
            ]),
        ]);
        bring_up(&mut bridge);
        self.make(RouteNetlinkMessage::NewLink(bridge))
    }

    /// Makes a pair of interfaces: one here, which is up and a port of the bridge, the other one in
    /// another namespace, where it is down.
    pub(super) fn add_pair(
        &mut self,
        name: &str,
        bridge: &str,
        mtu: u32,
        far: &FarEnd<'_>,
    ) -> io::Result<()> {
        let mut peer = named(far.name);
        peer.attributes.extend([
            LinkAttribute::Address(far.hardware.to_vec()),
            LinkAttribute::Mtu(mtu),
            LinkAttribute::NetNsFd(far.namespace.as_raw_fd()),
        ]);
        let mut near = named(name);
        near.attributes.extend([
            LinkAttribute::Mtu(mtu),
            LinkAttribute::Controller(self.number_of(bridge)?),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Veth),
                LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
            ]),
        ]);
        bring_up(&mut near);
        self.make(RouteNetlinkMessage::NewLink(near))
    }

    /// Makes a pair of interfaces whose ends are both here; only the first is up.
    pub(super) fn add_own_pair(&mut self, name: &str, other: &str, mtu: u32) -> io::Result<()> {
        let [mut near, mut peer] = [named(name), named(other)];
        for end in [&mut near, &mut peer] {
            end.attributes.push(LinkAttribute::Mtu(mtu));
        }
        near.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        bring_up(&mut near);
        self.make(RouteNetlinkMessage::NewLink(near))
    }

    /// Makes an interface leave its bridge.
    pub(super) fn leave(&mut self, interface: &str) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.number_of(interface)?;
        link.attributes = vec![LinkAttribute::Controller(0)];
        self.ask(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// Removes an interface, and the other end of its pair.
    pub(super) fn delete(&mut self, interface: &str) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.number_of(interface)?;
        self.ask(RouteNetlinkMessage::DelLink(link), 0)
    }

    /// Makes an interface a port of a bridge, and brings it up.
    pub(super) fn join(&mut self, interface: &str, bridge: &str, mtu: u32) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.number_of(interface)?;
        link.attributes = vec![
            LinkAttribute::Mtu(mtu),
            LinkAttribute::Controller(self.number_of(bridge)?),
        ];
        bring_up(&mut link);
        self.ask(RouteNetlinkMessage::SetLink(link), 0)
    }

    /// Gives an interface an address, with the length of its network's prefix.
    pub(super) fn add_address(
        &mut self,
        interface: &str,
        address: IpAddr,
        prefix: u8,
    ) -> io::Result<()> {
        let mut message = AddressMessage::default();
        message.header.index = self.number_of(interface)?;
        message.header.prefix_len = prefix;
        message.attributes = vec![
            AddressAttribute::Local(address),
            AddressAttribute::Address(address),
        ];
        match address {
            IpAddr::V4(address) => {
                message.header.family = AddressFamily::Inet;
                let of_hosts = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
                let broadcast = (u32::from(address) | of_hosts).into();
                message
                    .attributes
                    .push(AddressAttribute::Broadcast(broadcast));
            }
            IpAddr::V6(_) => {
                message.header.family = AddressFamily::Inet6;
                // No other node has this address, and looking for a duplicate would take a second.
                message.header.flags = AddressHeaderFlags::Nodad;
            }
        }
        self.make(RouteNetlinkMessage::NewAddress(message))
    }

    /// Adds a route through an interface that is up.
    pub(super) fn add_route(&mut self, interface: &str, route: &Route) -> io::Result<()> {
        let mut message = RouteMessage::default();
        message.header.destination_prefix_length = route.prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        message.header.address_family = match route.via {
            IpAddr::V4(_) => AddressFamily::Inet,
            IpAddr::V6(_) => AddressFamily::Inet6,
        };
        message.attributes = vec![
            RouteAttribute::Gateway(route.via.into()),
            RouteAttribute::Oif(self.number_of(interface)?),
        ];
        if route.prefix > 0 {
            message
                .attributes
                .push(RouteAttribute::Destination(route.to.into()));
        }
        self.make(RouteNetlinkMessage::NewRoute(message))
    }

    /// Brings an interface up.
    pub(super) fn bring_up(&mut self, interface: &str) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.number_of(interface)?;
        bring_up(&mut link);
        self.ask(RouteNetlinkMessage::SetLink(link), 0)
    }

    pub(super) fn number_of(&self, interface: &str) -> io::Result<u32> {
        Ok(name_to_index(&self.socket, interface)?)
    }

    fn make(&mut self, message: RouteNetlinkMessage) -> io::Result<()> {
        self.ask(message, NLM_F_CREATE | NLM_F_EXCL)
    }

    /// Sends a request and waits for the kernel's answer.
    pub(super) fn ask(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.send(message, NLM_F_ACK | flags)?;
        self.answer().map(drop)
    }

    /// Asks the kernel for something, and returns what it says.
    pub(super) fn look_for(
        &mut self,
        message: RouteNetlinkMessage,
    ) -> io::Result<Option<RouteNetlinkMessage>> {
        self.send(message, 0)?;
        self.answer()
    }

    fn send(&mut self, message: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | flags;
        header.sequence_number = self.sequence;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        send(&self.socket, &bytes, SendFlags::empty())?;
        Ok(())
    }

    /// Waits for the answer to the last request: a message, or nothing but that it was carried out.
    fn answer(&mut self) -> io::Result<Option<RouteNetlinkMessage>> {
        let mut bytes = vec![0; LONGEST];
        loop {
            let (length, _) = match recv(&self.socket, &mut bytes[..], RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => continue,
                received => received?,
            };
            let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(&bytes[..length])
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            if answer.header.sequence_number != self.sequence {
                continue;
            }
            match answer.payload {
                NetlinkPayload::Error(error) => {
                    return match error.code {
                        None => Ok(None),
                        Some(code) => {
                            Err(io::Error::from_raw_os_error(code.get().saturating_neg()))
                        }
                    };
                }
                NetlinkPayload::InnerMessage(message) => return Ok(Some(message)),
                _ => {}
            }
        }
    }
}

fn named(name: &str) -> LinkMessage {
    let mut link = LinkMessage::default();
    link.attributes.push(LinkAttribute::IfName(name.to_owned()));
    link
}

fn bring_up(link: &mut LinkMessage) {
    link.header.flags = LinkFlags::Up;
    link.header.change_mask = LinkFlags::Up;
}
