//! Foreign tar archives: every entry is checked and rewritten before it is unpacked.
//!
//! Nothing in an archive is trusted. Does not know the store, nor where an archive comes from.

pub(super) mod architecture;
pub(super) mod attributes;
mod below;
mod capability;
pub(super) mod compression;
mod contents;
mod entries;
mod extended;
pub(super) mod findings;
mod header;
pub(super) mod likeness;
pub(super) mod limits;
mod meter;
mod names;
pub(super) mod order;
pub(super) mod refusal;
mod sparse;
mod survey;
mod unpack;
pub(super) mod writer;

pub(super) use order::Order;
