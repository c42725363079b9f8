//! The shortcuts of a network: frames that no fault of it can be about are handed on by the kernel, from
//! one link to the other, and the relay does not see them. Plain data; opens none.

use super::stations::{Address, Place};
use super::unaffected::Unaffected;

/// The shortcuts of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shortcuts {
    pub(super) frames: Unaffected,
    pub(super) entries: Vec<Entry>,
}

/// Where frames come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) interface: String,
    /// The stations that send there.
    pub(super) from: Vec<Address>,
    pub(super) exits: Vec<Exit>,
}

/// Where frames that came in elsewhere go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    pub(super) interface: String,
    /// The stations that are there.
    pub(super) to: Vec<Address>,
}

impl Shortcuts {
    /// Returns all shortcuts between these places, each with its interface and its stations.
    pub(super) fn between(frames: Unaffected, places: &[(Place, String, Vec<Address>)]) -> Self {
        let exits = |from: Place| {
            let others = places.iter().filter(|(place, ..)| *place != from);
            let exits = others.map(|(_, interface, stations)| Exit {
                interface: interface.clone(),
                to: stations.clone(),
            });
            exits.collect()
        };
        let entries = places.iter().map(|(place, interface, stations)| Entry {
            place: *place,
            interface: interface.clone(),
            from: stations.clone(),
            exits: exits(*place),
        });
        Self {
            frames,
            entries: entries.collect(),
        }
    }
}
