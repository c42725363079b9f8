//! What a bridge does at one of its ports. Knows no lab, and makes no port.

use super::links::Links;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    BridgePortState, InfoBridgePort, InfoPortData, InfoPortKind, LinkAttribute, LinkInfo,
    LinkMessage,
};
use std::io;

impl Links {
    /// Has the bridge carry nothing from or to a port of it.
    pub(super) fn block(&mut self, port: &str) -> io::Result<()> {
        self.change_port(port, InfoBridgePort::State(BridgePortState::Disabled))
    }

    /// Has the bridge forget which stations are behind a port of it.
    pub(super) fn forget_stations(&mut self, port: &str) -> io::Result<()> {
        self.change_port(port, InfoBridgePort::Flush)
    }

    /// Has the bridge send frames to stations that it does not know to a port of it, too, or not.
    pub(super) fn flood(&mut self, port: &str, does: bool) -> io::Result<()> {
        self.change_port(port, InfoBridgePort::UnicastFlood(does))
    }

    fn change_port(&mut self, port: &str, change: InfoBridgePort) -> io::Result<()> {
        let mut link = LinkMessage::default();
        link.header.index = self.number_of(port)?;
        link.attributes = vec![LinkAttribute::LinkInfo(vec![
            LinkInfo::PortKind(InfoPortKind::Bridge),
            LinkInfo::PortData(InfoPortData::BridgePort(vec![change])),
        ])];
        self.ask(RouteNetlinkMessage::NewLink(link), 0)
    }
}
