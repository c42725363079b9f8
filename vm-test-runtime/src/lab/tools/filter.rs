//! Which frames a sniffer counts, and which packets of a link a fault is for, as a test describes
//! them.

use std::fmt;
use std::net::IpAddr;
use std::ops::{Bound, RangeBounds};
use vm_test_protocol::tool;

/// Which frames are meant: those that match all that it is given; see [`filter`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a filter does nothing by itself"]
pub struct Filter {
    pub(super) wanted: tool::Filter,
    /// What it was given, in words.
    words: Vec<String>,
}

/// Returns a filter that matches every frame.
///
/// Each method narrows it: `filter().udp().port(4444)` matches datagrams from or to this port.
pub fn filter() -> Filter {
    Filter::default()
}

impl Filter {
    fn with(mut self, words: impl Into<String>, narrow: impl FnOnce(&mut tool::Filter)) -> Self {
        self.words.push(words.into());
        narrow(&mut self.wanted);
        self
    }

    /// Only UDP.
    pub fn udp(self) -> Self {
        self.with("UDP", |filter| filter.protocols = vec![17])
    }

    /// Only TCP. Where cards cut packets up, several of them are one frame here.
    pub fn tcp(self) -> Self {
        self.with("TCP", |filter| filter.protocols = vec![6])
    }

    /// Only ICMP, of both versions; that of version 6 looks for neighbours, too.
    pub fn icmp(self) -> Self {
        self.with("ICMP", |filter| filter.protocols = vec![1, 58])
    }

    /// Only the protocol above IP with this number.
    pub fn ip_protocol(self, number: u8) -> Self {
        let words = format!("IP protocol {number}");
        self.with(words, |filter| filter.protocols = vec![number])
    }

    /// Only ARP.
    pub fn arp(self) -> Self {
        self.with("ARP", |filter| filter.ether_type = Some(0x0806))
    }

    /// Only frames that carry this type, as in `0x88cc` for LLDP.
    pub fn ether_type(self, number: u16) -> Self {
        let words = format!("type {number:#06x}");
        self.with(words, |filter| filter.ether_type = Some(number))
    }

    /// Only frames from or to this port, of TCP or UDP.
    pub fn port(self, port: u16) -> Self {
        self.with(format!("port {port}"), |filter| filter.port = Some(port))
    }

    /// Only frames from this port.
    pub fn from_port(self, port: u16) -> Self {
        let words = format!("from port {port}");
        self.with(words, |filter| filter.source_port = Some(port))
    }

    /// Only frames to this port.
    pub fn to_port(self, port: u16) -> Self {
        let words = format!("to port {port}");
        self.with(words, |filter| filter.destination_port = Some(port))
    }

    /// Only packets from this IP address.
    ///
    /// # Panics
    /// If it is a text that is no IP address.
    #[track_caller]
    pub fn from(self, address: impl ToString) -> Self {
        let address = ip(&address.to_string());
        let words = format!("from {address}");
        self.with(words, |filter| filter.source = Some(address))
    }

    /// Only packets to this IP address.
    ///
    /// # Panics
    /// If it is a text that is no IP address.
    #[track_caller]
    pub fn to(self, address: impl ToString) -> Self {
        let address = ip(&address.to_string());
        let words = format!("to {address}");
        self.with(words, |filter| filter.destination = Some(address))
    }

    /// Only frames with the tag of this VLAN; a frame with several tags has several VLANs.
    pub fn vlan(self, id: u16) -> Self {
        self.with(format!("VLAN {id}"), |filter| filter.vlan = Some(Some(id)))
    }

    /// Only frames without the tag of a VLAN.
    pub fn untagged(self) -> Self {
        self.with("without a tag", |filter| filter.vlan = Some(None))
    }

    /// Only packets with a length in this range, in bytes, as in `1000..` or `..=40`. It is that of
    /// the whole packet, with the header of IP, but without that of Ethernet.
    pub fn length(self, range: impl RangeBounds<u32>) -> Self {
        let least = match range.start_bound() {
            Bound::Included(least) => *least,
            Bound::Excluded(below) => below.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(*most),
            // Nothing is shorter than 0: such a range has nothing in it.
            Bound::Excluded(above) => above.checked_sub(1),
            Bound::Unbounded => Some(u32::MAX),
        };
        let (least, most) = most.map_or((1, 0), |most| (least, most));
        let words = format!("of {least} to {most} bytes");
        self.with(words, |filter| filter.length = Some((least, most)))
    }

    /// Only frames that have these bytes behind their headers.
    pub fn containing(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let words = format!("with \"{}\" in it", bytes.escape_ascii());
        self.with(words, |filter| filter.contains = bytes.to_vec())
    }

    /// Only frames that the node receives.
    pub fn incoming(self) -> Self {
        self.with("incoming", |filter| filter.is_outgoing = Some(false))
    }

    /// Only frames that the node sends.
    pub fn outgoing(self) -> Self {
        self.with("outgoing", |filter| filter.is_outgoing = Some(true))
    }
}

impl Filter {
    /// Returns what it is for others than a test.
    pub(in crate::lab) fn into_wanted(self) -> tool::Filter {
        self.wanted
    }
}

#[track_caller]
fn ip(text: &str) -> IpAddr {
    match text.parse() {
        Ok(address) => address,
        Err(_) => panic!("cannot filter frames: `{text}` is no IP address"),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.words.is_empty() {
            return to.write_str("any");
        }
        to.write_str(&self.words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_what_it_was_given() {
        let it = filter()
            .udp()
            .port(4444)
            .vlan(93)
            .from("10.0.0.1")
            .containing("a\n");
        let words = "UDP, port 4444, VLAN 93, from 10.0.0.1, with \"a\\n\" in it";
        assert_eq!(it.to_string(), words);
        assert_eq!(it.wanted.source, Some([10, 0, 0, 1].into()));
        assert_eq!(filter().to_string(), "any");
        assert_eq!(filter().wanted, tool::Filter::default());
    }

    #[test]
    fn a_length_may_have_any_range() {
        let length = |filter: Filter| filter.wanted.length.unwrap();
        assert_eq!(length(filter().length(100..=200)), (100, 200));
        assert_eq!(length(filter().length(100..200)), (100, 199));
        assert_eq!(length(filter().length(100..)), (100, u32::MAX));
        assert_eq!(length(filter().length(..=40)), (0, 40));
        let (least, most) = length(filter().length(..0));
        assert!(least > most);
    }

    #[test]
    #[should_panic(expected = "cannot filter frames: `gw` is no IP address")]
    fn a_name_is_no_address() {
        let _ = filter().to("gw");
    }
}
