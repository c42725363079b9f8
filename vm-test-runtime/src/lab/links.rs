//! Faults of a lab's networks, and of the link of a guest that is in no lab, as the test's body has
//! them: each is a guard that ends it when it is dropped.

use super::fault::{LinkError, Released, Standing, or_panic};
use super::handle::Lab;
use crate::here::Here;
use vm_test_protocol::order::{Direction, Effect, Fault};

/// The link of a node to a network, or of a guest that is in no lab to the outside. It is whole until
/// something is done with it.
#[derive(Clone, Debug)]
#[must_use = "a link stays as it is until something is done with it"]
pub struct Link {
    pub(super) place: Place,
    pub(super) direction: Direction,
}

/// Where a link is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the lab, between a node and a network.
    Lab { node: String, network: String },
    /// Between the guest that the test runs in and the outside.
    Here,
}

/// A link that loses frames. Dropping it mends the link.
#[derive(Debug)]
#[must_use = "the link is mended when this is dropped"]
pub struct Cut {
    fault: Standing,
}

/// A link that keeps frames back. Dropping it delivers them, and lets all others pass again.
#[derive(Debug)]
#[must_use = "the frames are delivered when this is dropped"]
pub struct Hold {
    fault: Standing,
}

/// A division of the nodes into groups that do not reach each other. Dropping it ends it.
#[derive(Debug)]
#[must_use = "the partition ends when this is dropped"]
pub struct Partition {
    fault: Standing,
}

impl Lab {
    /// Returns the link of a node to a network.
    pub fn link(&self, node: &str, network: &str) -> Link {
        Link {
            place: Place::Lab {
                node: node.to_owned(),
                network: network.to_owned(),
            },
            direction: Direction::Both,
        }
    }

    /// Divides nodes into groups: nodes of different groups cannot exchange frames on any network,
    /// nodes of one group can. A node that is in no group reaches all others.
    ///
    /// # Panics
    /// If the lab has no such node, or one is named twice; see [`Lab::try_partition`].
    #[track_caller]
    pub fn partition<G, N>(&self, groups: impl IntoIterator<Item = G>) -> Partition
    where
        G: IntoIterator<Item = N>,
        N: AsRef<str>,
    {
        or_panic(self.try_partition(groups))
    }

    /// Divides nodes into groups, as [`Lab::partition`] does.
    ///
    /// # Errors
    /// If the lab has no such node, one is named twice, or there are fewer than two groups.
    pub fn try_partition<G, N>(
        &self,
        groups: impl IntoIterator<Item = G>,
    ) -> Result<Partition, LinkError>
    where
        G: IntoIterator<Item = N>,
        N: AsRef<str>,
    {
        let names = |group: G| {
            let names = group.into_iter();
            names.map(|name| name.as_ref().to_owned()).collect()
        };
        let groups = groups.into_iter().map(names).collect();
        let fault = Standing::begin(Fault::Partition { groups })?;
        Ok(Partition { fault })
    }
}

impl Here {
    /// Returns the link of this guest to the outside, which it has with `network = "user"`.
    ///
    /// The guest of a test is the node that all of a link's methods speak of. The body of a test
    /// uses it, not a program that it starts. In a lab, links have names: see [`Lab::link`].
    pub fn link(self) -> Link {
        Link {
            place: Place::Here,
            direction: Direction::Both,
        }
    }
}

impl Link {
    /// Returns the link in the direction from the node: what is done with it is done to packets that
    /// the node sends.
    pub fn outgoing(&self) -> Self {
        self.in_direction(Direction::FromNode)
    }

    /// Returns the link in the direction to the node: what is done with it is done to packets that
    /// the node receives.
    pub fn incoming(&self) -> Self {
        self.in_direction(Direction::ToNode)
    }

    fn in_direction(&self, direction: Direction) -> Self {
        Self {
            direction,
            ..self.clone()
        }
    }

    /// Loses all frames from and to the node.
    ///
    /// The node does not notice that: its interface stays up.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it; see [`Link::try_cut`].
    #[track_caller]
    pub fn cut(&self) -> Cut {
        or_panic(self.try_cut())
    }

    /// Loses all frames that the node sends. Those for it arrive.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it.
    #[track_caller]
    pub fn cut_outgoing(&self) -> Cut {
        or_panic(self.try_cut_outgoing())
    }

    /// Loses all frames for the node. Those that it sends arrive.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it.
    #[track_caller]
    pub fn cut_incoming(&self) -> Cut {
        or_panic(self.try_cut_incoming())
    }

    /// Keeps back all frames from and to the node, until the guard is dropped.
    ///
    /// At most 8 MiB are held in each direction, and 64 MiB in the whole lab; what comes after that
    /// is lost.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it; see [`Link::try_hold`].
    #[track_caller]
    pub fn hold(&self) -> Hold {
        or_panic(self.try_hold())
    }

    /// Keeps back all frames that the node sends, as [`Link::hold`] does.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it.
    #[track_caller]
    pub fn hold_outgoing(&self) -> Hold {
        or_panic(self.try_hold_outgoing())
    }

    /// Keeps back all frames for the node, as [`Link::hold`] does.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it.
    #[track_caller]
    pub fn hold_incoming(&self) -> Hold {
        or_panic(self.try_hold_incoming())
    }

    /// Cuts the link, as [`Link::cut`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_cut(&self) -> Result<Cut, LinkError> {
        self.cut_in(self.direction)
    }

    /// Cuts the link in one direction, as [`Link::cut_outgoing`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_cut_outgoing(&self) -> Result<Cut, LinkError> {
        self.cut_in(Direction::FromNode)
    }

    /// Cuts the link in one direction, as [`Link::cut_incoming`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_cut_incoming(&self) -> Result<Cut, LinkError> {
        self.cut_in(Direction::ToNode)
    }

    /// Holds the link, as [`Link::hold`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_hold(&self) -> Result<Hold, LinkError> {
        self.hold_in(self.direction)
    }

    /// Holds the link in one direction, as [`Link::hold_outgoing`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_hold_outgoing(&self) -> Result<Hold, LinkError> {
        self.hold_in(Direction::FromNode)
    }

    /// Holds the link in one direction, as [`Link::hold_incoming`] does.
    ///
    /// # Errors
    /// If there is no such node or network, or the node is not on it.
    pub fn try_hold_incoming(&self) -> Result<Hold, LinkError> {
        self.hold_in(Direction::ToNode)
    }

    fn cut_in(&self, direction: Direction) -> Result<Cut, LinkError> {
        let fault = self.begin(direction, Effect::Cut)?;
        Ok(Cut { fault })
    }

    fn hold_in(&self, direction: Direction) -> Result<Hold, LinkError> {
        let fault = self.begin(direction, Effect::Hold)?;
        Ok(Hold { fault })
    }

    /// Begins a fault of it in these directions.
    pub(super) fn begin(
        &self,
        direction: Direction,
        effect: Effect,
    ) -> Result<Standing, LinkError> {
        Standing::begin(match &self.place {
            Place::Lab { node, network } => Fault::Link {
                node: node.clone(),
                network: network.clone(),
                direction,
                effect,
            },
            Place::Here => Fault::OwnLink { direction, effect },
        })
    }
}

impl Cut {
    /// Mends the link.
    ///
    /// # Panics
    /// If the lab is gone.
    #[track_caller]
    pub fn mend(mut self) {
        or_panic(self.fault.end());
    }
}

impl Hold {
    /// Delivers what was held, and lets all frames pass again.
    ///
    /// # Panics
    /// If the lab is gone.
    #[track_caller]
    pub fn release(mut self) -> Released {
        or_panic(self.fault.end())
    }
}

impl Partition {
    /// Ends the partition.
    ///
    /// # Panics
    /// If the lab is gone.
    #[track_caller]
    pub fn heal(mut self) {
        or_panic(self.fault.end());
    }
}
