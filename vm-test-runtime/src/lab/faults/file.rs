//! Faults of files: their contents are damaged, and are whole again afterwards.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use vm_test_protocol::node_fault::NodeFault as Wanted;

/// The highest bit of a byte.
const LAST: u8 = 7;

impl NodeFaults {
    /// Cuts a file off after so many bytes. At the end it has the rest again, and its times.
    ///
    /// # Panics
    /// If the file is not longer: see [`NodeFaults::try_truncate`].
    #[track_caller]
    pub fn truncate(&self, file: impl Into<String>, length: u64) -> NodeFault {
        or_panic(self.try_truncate(file, length))
    }

    /// Cuts a file off, as [`NodeFaults::truncate`] does.
    ///
    /// # Errors
    /// If there is no such file, it is not longer, or the rest has more than 64 MiB. At the end: if
    /// a program has changed the file meanwhile, it is left as it is.
    pub fn try_truncate(
        &self,
        file: impl Into<String>,
        length: u64,
    ) -> Result<NodeFault, NodeFaultError> {
        let path = file.into();
        self.begin(Wanted::Truncated { path, length })
    }

    /// Inverts a bit of a file: bit 0 to 7 of the byte at this offset. At the end it is right
    /// again, unless a program has written to this byte.
    ///
    /// # Panics
    /// If the file has no such byte: see [`NodeFaults::try_flip_bit`].
    #[track_caller]
    pub fn flip_bit(&self, file: impl Into<String>, offset: u64, bit: u8) -> NodeFault {
        or_panic(self.try_flip_bit(file, offset, bit))
    }

    /// Inverts a bit of a file, as [`NodeFaults::flip_bit`] does; those above bit 7 are bit 7.
    ///
    /// # Errors
    /// If there is no such file or byte.
    pub fn try_flip_bit(
        &self,
        file: impl Into<String>,
        offset: u64,
        bit: u8,
    ) -> Result<NodeFault, NodeFaultError> {
        let (path, mask) = (file.into(), 1 << bit.min(LAST));
        self.begin(Wanted::Flipped { path, offset, mask })
    }

    /// Inverts all bits of the byte of a file at this offset. At the end it is right again, unless
    /// a program has written to it.
    ///
    /// # Panics
    /// If the file has no such byte: see [`NodeFaults::try_flip_byte`].
    #[track_caller]
    pub fn flip_byte(&self, file: impl Into<String>, offset: u64) -> NodeFault {
        or_panic(self.try_flip_byte(file, offset))
    }

    /// Inverts all bits of a byte, as [`NodeFaults::flip_byte`] does.
    ///
    /// # Errors
    /// If there is no such file or byte.
    pub fn try_flip_byte(
        &self,
        file: impl Into<String>,
        offset: u64,
    ) -> Result<NodeFault, NodeFaultError> {
        let (path, mask) = (file.into(), u8::MAX);
        self.begin(Wanted::Flipped { path, offset, mask })
    }
}
