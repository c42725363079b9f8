//! Where the table of a lab has its nodes: in itself, or in a file of containerlab.

use super::draft::Draft;
use super::reference::Reference;
use crate::config::mistake::Mistake;
use toml::de::DeTable;

/// A lab as its table declares it.
#[derive(Debug)]
pub(in crate::config) enum Declared {
    /// In the table.
    Here(Draft),
    /// In another file.
    Elsewhere(Reference),
}

impl Declared {
    /// Reads the table of the lab of this name, which stands in line `at` of the text.
    pub(in crate::config) fn read(
        lab: &str,
        at: usize,
        text: &str,
        table: &DeTable<'_>,
    ) -> Result<Self, Mistake> {
        match Reference::read(text, table)? {
            Some(reference) => Ok(Self::Elsewhere(reference)),
            None => Draft::read(lab, at, text, table).map(Self::Here),
        }
    }
}
