//! The files that a job leaves in its guest for the host: which are wanted, and the limits.
//!
//! Plain data; the agent finds the files, and the host writes them.

use super::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Every directory that cargo builds in has one of these files, and nothing is exported from there.
///
/// Cargo adds the tag only to directories that it created itself, but records the compiler in all
/// of them.
pub const CARGOS_FILES: [&str; 2] = [".rustc_info.json", "CACHEDIR.TAG"];

/// The variable in the guest with the directory whose files are copied to the host.
pub const ENV_ARTIFACTS: &str = "VM_TEST_ARTIFACTS";

/// The variable with the file name pattern for coverage profiles, for instrumented programs.
pub const ENV_PROFILE: &str = "LLVM_PROFILE_FILE";

/// The maximum number of files of one kind, from all guests of a test.
pub const MOST_FILES: usize = 1_000;

/// The maximum size of all artifacts, and of all exports, in bytes.
pub const MOST_BYTES: u64 = 256 << 20;

/// The maximum size of all coverage profiles, in bytes.
pub const MOST_PROFILE_BYTES: u64 = 1 << 30;

/// How many files that stay in the guest are named.
pub const MOST_KEPT: usize = 20;

/// The time limit for collecting files, in addition to the job's own.
pub const HARVEST_TIME: Duration = Duration::from_secs(60);

/// The maximum number of file bytes in one message.
pub const CHUNK: usize = 1 << 18;

/// The files that the host wants once the job has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Coverage profiles.
    pub profiles: Profiles,
    /// Whether the job gets a directory for artifacts.
    pub artifacts: bool,
    /// The wanted workspace files.
    pub exports: Option<Exports>,
    /// Whether the files stay in the guest at the job's end, until the agent is told to bring them.
    ///
    /// So it is with jobs on the nodes of a lab, of which a test has many.
    pub stay: bool,
}

/// Whether coverage profiles are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profiles {
    /// No: coverage is not measured.
    #[default]
    None,
    /// Yes: coverage is measured.
    All {
        /// Whether counters are written continuously; the program must be built for this.
        continuous: bool,
    },
}

/// Workspace files that are copied back if the job has written them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exports {
    /// The directory that the patterns are relative to.
    pub root: String,
    /// The patterns of the files.
    pub patterns: Vec<Pattern>,
}

/// The kind of a file from a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileKind {
    /// A coverage profile.
    Profile,
    /// A file from the artifact directory.
    Artifact,
    /// A workspace file.
    Export,
}

impl FileKind {
    /// Returns the noun for messages.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Profile => "coverage profile",
            Self::Artifact => "artifact",
            Self::Export => "export",
        }
    }

    /// Returns the maximum size of all files of this kind, in bytes.
    #[must_use]
    pub fn most_bytes(self) -> u64 {
        match self {
            Self::Profile => MOST_PROFILE_BYTES,
            Self::Artifact | Self::Export => MOST_BYTES,
        }
    }
}

/// The checksum of a file: FNV-1a, which both sides compute over the bytes that they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    /// Adds bytes, eight at a time, since test binaries are mostly built without optimisation.
    ///
    /// Both sides split a file into the same pieces.
    pub fn add(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            let word = word.try_into().map_or(0, u64::from_le_bytes);
            self.mix(word);
        }
        for &byte in words.remainder() {
            self.mix(u64::from(byte));
        }
    }

    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 ^= self.0 >> 32;
    }

    /// Returns the checksum of all bytes so far.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_tells_bytes_their_order_and_their_number_apart() {
        let sum = |bytes: &[u8]| {
            let mut sum = Sum::default();
            sum.add(bytes);
            sum.value()
        };
        let all = [
            sum(b""),
            sum(b"\0"),
            sum(b"\0\0"),
            sum(b"12345678"),
            sum(b"21345678"),
            sum(b"123456789"),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }
}
