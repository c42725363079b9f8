//! How shortcuts of a lab open and close with the faults of their network. Carries no frame, and
//! changes no more than who carries it.

use super::links::Links;
use super::moves::near_end;
use super::outlet::Outlet;
use super::relayed::{Interface, Relayed};
use super::shortcuts::Shortcuts;
use super::stations::Place;
use super::unaffected::Unaffected;
use std::collections::BTreeSet;
use std::io;
use vm_test_protocol::filter::Mark;

/// The answers of a program to a packet socket: the whole frame, or nothing of it.
const ALL: u32 = u32::MAX;
const NOTHING: u32 = 0;

impl Relayed {
    /// Returns the shortcuts that a network ought to have while the links of these nodes are in the
    /// relay.
    pub(super) fn wanted_shortcuts(&self, network: usize, nodes: &BTreeSet<usize>) -> Shortcuts {
        if nodes.is_empty() || self.has_no_shortcuts {
            return Shortcuts::default();
        }
        let diverted: Vec<_> = self.diverted.ports(network).collect();
        let frames = |from, to| {
            let mut marks = self.faults.tcp_marks(network, from, to)?;
            marks.extend(diverted.iter().copied().map(Mark::Port));
            Unaffected::without(marks)
        };
        let here = self.interfaces.range((network, 0)..=(network, usize::MAX));
        let known = here.filter_map(|((_, node), Interface { name, hardware })| {
            hardware.map(|hardware| (*node, name.clone(), hardware))
        });
        let (relayed, others): (Vec<_>, Vec<_>) =
            known.partition(|(node, ..)| nodes.contains(node));
        let mut places: Vec<_> = relayed
            .into_iter()
            .map(|(node, name, hardware)| (Place::Node(node), name, vec![hardware]))
            .collect();
        if !others.is_empty() {
            let stations = others.into_iter().map(|(_, _, hardware)| hardware);
            places.push((Place::Bridge, near_end(network), stations.collect()));
        }
        Shortcuts::between(&places, frames)
    }

    /// Opens the shortcuts that a network ought to have now, if it has none: they lead from one place
    /// to another, and the way back may have none.
    ///
    /// A frame that comes in at this very moment may be lost. None is doubled.
    pub(super) fn open_shortcuts(&mut self, network: usize, links: &mut Links) -> io::Result<()> {
        if self.shortcuts.contains_key(&network) {
            return Ok(());
        }
        let Some(segment) = self.segments.get(&network) else {
            return Ok(());
        };
        let nodes = segment.links.keys().copied().collect();
        let wanted = self.wanted_shortcuts(network, &nodes);
        if wanted.entries.is_empty() {
            return Ok(());
        }
        self.expect_senders(network, &wanted);
        let opened = self.open(network, &wanted, links);
        self.shortcuts.insert(network, wanted.clone());
        if let Err(error) = opened {
            // The relay carries everything, as it would with a fault that may be about all.
            self.close_shortcuts(network, links)?;
            if error.raw_os_error() == Some(libc::ENOMEM) {
                // They are too many for the kernel, and are tried again once they change.
                self.shortcuts.insert(network, wanted);
            } else {
                self.has_no_shortcuts = true;
            }
        }
        Ok(())
    }

    /// Closes the shortcuts of a network. The relay carries all its frames from now on.
    ///
    /// A frame that comes in at this very moment may be lost. None is doubled.
    pub(super) fn close_shortcuts(&mut self, network: usize, links: &mut Links) -> io::Result<()> {
        let Some(shortcuts) = self.shortcuts.remove(&network) else {
            return Ok(());
        };
        self.expect_senders(network, &Shortcuts::default());
        for entry in &shortcuts.entries {
            match links.redirect_nothing(&entry.interface) {
                // There is none, or the node has been powered off.
                Err(error) if is_gone(&error) => {}
                closed => closed?,
            }
            if let Some(outlet) = self.outlet(network, entry.place) {
                let _ = outlet.hear();
            }
        }
        Ok(())
    }

    /// Knows where those are whose frames take a shortcut: they are not seen here, and what others
    /// send to them would go everywhere.
    fn expect_senders(&mut self, network: usize, shortcuts: &Shortcuts) {
        if let Some(segment) = self.segments.get_mut(&network) {
            let all = shortcuts.entries.iter().flat_map(|entry| {
                let stations = entry.from.iter();
                stations.map(|station| (*station, entry.place))
            });
            segment.expect(all);
        }
    }

    fn open(&self, network: usize, shortcuts: &Shortcuts, links: &mut Links) -> io::Result<()> {
        for entry in &shortcuts.entries {
            let outlet = self.outlet(network, entry.place);
            let outlet = outlet.ok_or(io::ErrorKind::NotFound)?;
            let exits = entry.exits.iter().map(|exit| {
                let program = exit.frames.program(&entry.from, &exit.to, ALL, NOTHING);
                (exit.interface.clone(), program)
            });
            let exits: Vec<_> = exits.collect();
            let kinds = entry.frames().into_iter();
            let programs = kinds.map(|(frames, to)| frames.program(&entry.from, &to, NOTHING, ALL));
            let heard = programs.reduce(|one, next| one.otherwise(ALL, &next));
            outlet.hear_those(&heard.ok_or(io::ErrorKind::InvalidInput)?)?;
            links.redirect(&entry.interface, &exits)?;
        }
        Ok(())
    }

    fn outlet(&self, network: usize, place: Place) -> Option<&Outlet> {
        self.segments.get(&network)?.packets(place)
    }
}

/// Returns whether something could not be taken away since it is not there.
fn is_gone(error: &io::Error) -> bool {
    [libc::ENODEV, libc::ENOENT, libc::EINVAL]
        .map(Some)
        .contains(&error.raw_os_error())
}

#[cfg(test)]
mod tests;
