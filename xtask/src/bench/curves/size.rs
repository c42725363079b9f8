//! One size of a curve whose sizes take turns: its daemon, its tests, and its samples. Knows not what
//! has the size.

use std::rc::Rc;

use anyhow::Result;

use crate::bench::curve::{Pair, Point};
use crate::bench::daemon::Daemon;
use crate::bench::twins::Twins;

/// One size.
pub(super) struct Size {
    size: u32,
    pub(super) twins: Twins,
    pairs: Vec<Pair>,
    /// It is stopped when nothing more is measured.
    _daemon: Rc<Daemon>,
}

impl Size {
    /// Returns a size whose caches are filled, without any sample.
    pub(super) fn new(size: u32, daemon: Rc<Daemon>, mut twins: Twins) -> Result<Self> {
        twins.warm_up()?;
        Ok(Self {
            size,
            twins,
            pairs: Vec::new(),
            _daemon: daemon,
        })
    }

    /// Takes one sample.
    pub(super) fn take(&mut self) -> Result<()> {
        self.pairs.push(self.twins.take()?);
        Ok(())
    }

    /// Sees whether the last sample was rolled back, and returns the point of all samples.
    pub(super) fn point(mut self) -> Result<Point> {
        self.twins.on_guest()?;
        Ok(Point::of(self.size.into(), &self.pairs))
    }
}
