//! The shortcuts of a network: frames that no fault of it can be about are handed on by the kernel, from
//! one link to the other, and the relay does not see them. Plain data; opens none.

use super::stations::{Address, Place};
use super::unaffected::Unaffected;
use std::collections::BTreeMap;

/// The shortcuts of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shortcuts {
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
    /// Which frames to them no fault can be about.
    pub(super) frames: Unaffected,
}

impl Shortcuts {
    /// Returns all shortcuts between these places, each with its interface and its stations, given
    /// which frames from one to another no fault can be about.
    pub(super) fn between(
        places: &[(Place, String, Vec<Address>)],
        frames: impl Fn(Place, Place) -> Option<Unaffected>,
    ) -> Self {
        let exits = |from: Place| -> Vec<_> {
            let others = places.iter().filter(|(place, ..)| *place != from);
            let exits = others.filter_map(|(place, interface, stations)| {
                Some(Exit {
                    interface: interface.clone(),
                    to: stations.clone(),
                    frames: frames(from, *place)?,
                })
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
            entries: entries.filter(|entry| !entry.exits.is_empty()).collect(),
        }
    }
}

impl Entry {
    /// Returns which frames have a shortcut here, each kind with all stations that it is for.
    pub(super) fn frames(&self) -> BTreeMap<&Unaffected, Vec<Address>> {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for exit in &self.exits {
            all.entry(&exit.frames).or_default().extend(&exit.to);
        }
        all
    }
}
