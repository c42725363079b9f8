//! Whiteouts: entries of a layer that mark removals from the layers below.

use super::super::limits::words;
use super::whiteout::{OPAQUE, RESERVED, WHITEOUT};
use super::*;

/// How many bytes of removed names are kept in memory.
const MOST_REMOVED: usize = 64 << 20;

impl<W: Write> Pass<'_, W> {
    /// Records what a whiteout entry removes.
    pub(super) fn remove(&mut self, directory: &[u8], file: &[u8]) -> Result<(), Stop> {
        let directory = &self.resolve_directory(directory)?[..];
        self.removed.bytes += self.last.len();
        if self.removed.bytes > MOST_REMOVED {
            let cause = format!(
                "it removes more names than {} hold",
                words(MOST_REMOVED as u64)
            );
            return Err(Stop::Refused(cannot(&self.order.name, cause)));
        }
        if file == OPAQUE {
            self.names.hide(directory, true);
            self.removed.directories.push(directory.to_vec());
        } else if !file.starts_with(RESERVED) {
            let gone = &file[WHITEOUT.len()..];
            if matches!(gone, b"" | b"." | b"..") {
                return Err(self.refuse("it removes what is not a name"));
            }
            let gone = names::joined(directory, gone);
            self.names.hide(&gone, false);
            self.removed.paths.push(gone);
        }
        Ok(())
    }
}
