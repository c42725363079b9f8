//! Redirects the frames of a network card out of QEMU and back in, so that a fault can change them in
//! between. Without a redirection, QEMU hands them on by itself. Looks at no frame.

use super::command::OUTSIDE;
use super::monitor::{Monitor, error_of};
use qapi::qmp::{
    FilterRedirectorProperties, NetFilterDirection, NetfilterProperties, ObjectOptions,
    chardev_add, chardev_remove, object_add, object_del,
};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// QEMU's ends of the four connections. Each frame is a message, with its length before it.
#[derive(Debug)]
pub struct Ends {
    /// What the guest sends comes out here.
    pub from_guest: OwnedFd,
    /// What is written here, the guest receives.
    pub to_guest: OwnedFd,
    /// What the guest would receive comes out here.
    pub from_outside: OwnedFd,
    /// What is written here goes out, as if the guest had sent it.
    pub to_outside: OwnedFd,
}

/// The way of the card's frames, which begins and ends as often as it is wanted.
pub struct Detour {
    socket: Option<UnixStream>,
    monitor: Option<Monitor>,
}

/// A filter of the card: each frame passes all that are for its direction.
struct Filter {
    name: &'static str,
    direction: NetFilterDirection,
    /// Whether frames come out there; else they come in.
    is_exit: bool,
    position: &'static str,
}

/// The filters, in the order in which they begin: before a frame can come out, it can get in again.
/// Frames to the guest pass all filters from the first position to the last, the others in the
/// opposite direction: so each exit is before the entry.
const FILTERS: [Filter; 4] = [
    Filter {
        name: "to-guest",
        direction: NetFilterDirection::tx,
        is_exit: false,
        position: "tail",
    },
    Filter {
        name: "to-outside",
        direction: NetFilterDirection::rx,
        is_exit: false,
        position: "head",
    },
    Filter {
        name: "from-outside",
        direction: NetFilterDirection::tx,
        is_exit: true,
        position: "head",
    },
    Filter {
        name: "from-guest",
        direction: NetFilterDirection::rx,
        is_exit: true,
        position: "tail",
    },
];

impl Detour {
    /// Returns the detour of the VM whose QEMU has a monitor at this socket.
    #[must_use]
    pub fn new(socket: UnixStream) -> Self {
        Self {
            socket: Some(socket),
            monitor: None,
        }
    }

    /// Leads the card's frames through these connections.
    ///
    /// # Errors
    /// If QEMU refuses, or cannot do it.
    pub fn begin(&mut self, ends: &Ends) -> io::Result<()> {
        let monitor = self.monitor()?;
        let begun = FILTERS.iter().try_for_each(|filter| {
            let end = match filter.name {
                "to-guest" => &ends.to_guest,
                "to-outside" => &ends.to_outside,
                "from-outside" => &ends.from_outside,
                _ => &ends.from_guest,
            };
            add(monitor, filter, end)
        });
        if begun.is_err() {
            for filter in FILTERS.iter().rev() {
                let _ = remove(monitor, filter);
            }
        }
        begun
    }

    /// Lets no more frames out. Those that are out can still get in.
    ///
    /// # Errors
    /// If QEMU refuses.
    pub fn close_exits(&mut self) -> io::Result<()> {
        self.remove(true)
    }

    /// Lets no more frames in: the detour is over.
    ///
    /// # Errors
    /// If QEMU refuses.
    pub fn close_entries(&mut self) -> io::Result<()> {
        self.remove(false)
    }

    fn remove(&mut self, exits: bool) -> io::Result<()> {
        let monitor = self.monitor()?;
        let filters = FILTERS.iter().rev();
        let mut chosen = filters.filter(|filter| filter.is_exit == exits);
        chosen.try_for_each(|filter| remove(monitor, filter))
    }

    fn monitor(&mut self) -> io::Result<&mut Monitor> {
        if let Some(socket) = self.socket.take() {
            self.monitor = Some(Monitor::open(socket)?);
        }
        let lost = || io::Error::other("QEMU has refused its second monitor");
        let monitor = self.monitor.as_mut().ok_or_else(lost)?;
        monitor.have_patience()?;
        Ok(monitor)
    }
}

fn add(monitor: &mut Monitor, filter: &Filter, end: &OwnedFd) -> io::Result<()> {
    let id = filter.name.to_owned();
    let backend = monitor.backend(end)?;
    let device = chardev_add {
        id: id.clone(),
        backend,
    };
    monitor.qmp.execute(&device).map_err(error_of)?;
    let device = Some(id.clone());
    let (indev, outdev) = if filter.is_exit {
        (None, device)
    } else {
        (device, None)
    };
    let object = ObjectOptions::filter_redirector {
        id: object_of(filter),
        filter_redirector: FilterRedirectorProperties {
            base: NetfilterProperties {
                insert: None,
                position: Some(filter.position.to_owned()),
                queue: Some(filter.direction),
                status: None,
                netdev: OUTSIDE.to_owned(),
            },
            indev,
            outdev,
            vnet_hdr_support: None,
        },
    };
    monitor.qmp.execute(&object_add(object)).map_err(error_of)?;
    Ok(())
}

fn remove(monitor: &mut Monitor, filter: &Filter) -> io::Result<()> {
    let object = object_del {
        id: object_of(filter),
    };
    let removed = monitor.qmp.execute(&object).map_err(error_of);
    let device = chardev_remove {
        id: filter.name.to_owned(),
    };
    let gone = monitor.qmp.execute(&device).map_err(error_of);
    removed?;
    gone?;
    Ok(())
}

fn object_of(filter: &Filter) -> String {
    format!("{}-filter", filter.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_passes_the_exit_of_its_direction_before_the_entry() {
        let mut chain: Vec<&Filter> = Vec::new();
        for filter in &FILTERS {
            match filter.position {
                "head" => chain.insert(0, filter),
                _ => chain.push(filter),
            }
        }
        let of = |filters: Vec<&&Filter>, direction| {
            let those = filters.into_iter();
            let those = those.filter(|filter| filter.direction == direction);
            those.map(|filter| filter.name).collect::<Vec<_>>()
        };
        let to_guest = of(chain.iter().collect(), NetFilterDirection::tx);
        assert_eq!(to_guest, ["from-outside", "to-guest"]);
        let from_guest = of(chain.iter().rev().collect(), NetFilterDirection::rx);
        assert_eq!(from_guest, ["from-guest", "to-outside"]);
        // Nothing comes out that cannot get in.
        assert!(FILTERS.iter().is_sorted_by_key(|filter| filter.is_exit));
    }
}
