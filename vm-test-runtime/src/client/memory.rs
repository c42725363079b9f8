//! What is said of a guest's memory where it ran out. Knows its size, and measures nothing.

use super::Lease;

impl Lease {
    /// Describes the guest's memory for people, with how much files take if that is significant.
    #[must_use]
    pub fn memory_in_words(&self, files_bytes: u64) -> String {
        let memory = self.granted.memory_bytes;
        if takes_much(files_bytes, memory) {
            let files = files_bytes >> 20;
            format!("{} MiB, {files} MiB of it files", memory >> 20)
        } else {
            format!("{} MiB", memory >> 20)
        }
    }

    /// Returns what helps other than more memory, if files take much of it.
    #[must_use]
    pub fn other_than_memory(&self, files_bytes: u64) -> &'static str {
        if self.granted.writes_to_memory && takes_much(files_bytes, self.granted.memory_bytes) {
            FILES_COUNT
        } else {
            ""
        }
    }
}

/// Returns whether files take a significant part of the memory.
fn takes_much(files: u64, memory: u64) -> bool {
    files >= memory / 8
}

/// The explanation, with what to do instead.
const FILES_COUNT: &str = "; files that a test writes are kept in memory and count towards this limit, unless rollback = \"snapshot\" keeps them on disk (needs an image in a btrfs store)";
