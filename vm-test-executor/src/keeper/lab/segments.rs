//! How many packets a sender may leave to its card to cut up: the kernel cuts what is longer before it
//! leaves an interface. Knows no fault.

use super::links::Links;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::thread;

impl Links {
    /// Limits how many segments a frame may have that comes to an interface from the other end of
    /// its pair, whatever namespace that is in; returns how many it could have before.
    ///
    /// `None` is an interface without another end, where this changes nothing.
    pub(super) fn limit_segments(
        &mut self,
        interface: &str,
        segments: u32,
    ) -> io::Result<Option<u32>> {
        let near = self.look_up(self.number_of(interface)?)?;
        let Some(number) = near
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                LinkAttribute::Link(number) => Some(*number),
                _ => None,
            })
        else {
            return Ok(None);
        };
        let namespace = near
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                LinkAttribute::LinkNetNsId(namespace) => Some(*namespace),
                _ => None,
            });
        let Some(namespace) = namespace else {
            return self.limit_own_segments(number, segments).map(Some);
        };
        let there = self.find_namespace(namespace)?;
        // A thread of its own ends where it went.
        let limit = || {
            move_into_link_name_space(there.as_fd(), Some(LinkNameSpaceType::Network))?;
            Links::open()?.limit_own_segments(number, segments)
        };
        let limited = thread::scope(|scope| scope.spawn(limit).join());
        match limited {
            Ok(limited) => limited.map(Some),
            Err(_) => Err(io::Error::other("a thread has failed")),
        }
    }

    /// Limits how many segments a frame may have that leaves an interface; returns how many it could
    /// have before.
    fn limit_own_segments(&mut self, number: u32, segments: u32) -> io::Result<u32> {
        let found = self.look_up(number)?;
        let before = found
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                LinkAttribute::GsoMaxSegs(segments) => Some(*segments),
                _ => None,
            });
        let before = before.ok_or(ErrorKind::InvalidData)?;
        let mut link = LinkMessage::default();
        link.header.index = number;
        link.attributes = vec![LinkAttribute::GsoMaxSegs(segments)];
        self.ask(RouteNetlinkMessage::SetLink(link), 0)?;
        Ok(before)
    }

    fn look_up(&mut self, number: u32) -> io::Result<LinkMessage> {
        let mut link = LinkMessage::default();
        link.header.index = number;
        match self.look_for(RouteNetlinkMessage::GetLink(link))? {
            Some(RouteNetlinkMessage::NewLink(found)) => Ok(found),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Returns the network namespace that has this number in the present one.
    ///
    /// It is open for a moment only: it must not outlive its node.
    fn find_namespace(&mut self, number: i32) -> io::Result<File> {
        let mut seen = HashSet::new();
        for process in fs::read_dir("/proc")? {
            let path = process?.path().join("ns/net");
            // Not every entry is a process, and processes end.
            let Ok(name) = fs::read_link(&path) else {
                continue;
            };
            if !seen.insert(name) {
                continue;
            }
            if let Ok(namespace) = File::open(&path)
                && self.number_of_namespace(&namespace)? == Some(number)
            {
                return Ok(namespace);
            }
        }
        // The last process there has ended.
        Err(io::Error::from_raw_os_error(libc::ENODEV))
    }

    fn number_of_namespace(&mut self, namespace: &File) -> io::Result<Option<i32>> {
        let mut message = NsidMessage::default();
        let descriptor = namespace.as_raw_fd().cast_unsigned();
        message.attributes = vec![NsidAttribute::Fd(descriptor)];
        let Some(RouteNetlinkMessage::NewNsId(found)) =
            self.look_for(RouteNetlinkMessage::GetNsId(message))?
        else {
            return Ok(None);
        };
        Ok(found
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                NsidAttribute::Id(number) => Some(*number),
                _ => None,
            }))
    }
}
