//! Bodies, as they pass by: it counts bytes and keeps none.

use super::chunks::Chunks;
use super::part::Part;
use crate::protocol::Violation;

/// What is left of a body.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// What the chunks say.
    Chunked(Chunks),
    /// All that comes until the connection ends.
    UntilEnd,
}

impl Body {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunks::default())
    }

    pub(super) fn of_length(length: u64) -> Self {
        Self::Length(length)
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Length(0))
    }

    /// Takes what is there of the body; nothing if more is needed to say anything.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Part, Violation> {
        match self {
            Self::Length(left) => {
                let length = usize::try_from(*left).map_or(bytes.len(), |it| it.min(bytes.len()));
                *left -= length as u64;
                let ends = *left == 0;
                Ok(Part { length, ends })
            }
            Self::Chunked(chunks) => chunks.take(bytes),
            Self::UntilEnd => Ok(Part {
                length: bytes.len(),
                ends: false,
            }),
        }
    }
}
