//! The files that a job leaves in its guest for the host: which ones are wanted, and the limits of their number and size.
//! Plain data; the agent finds the files, and the host writes them.

use super::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One of these files is in every directory that cargo builds in: it tags those that it has made
/// itself, and notes in all of them which compiler it uses. No exports come from there.
pub const CARGOS_FILES: [&str; 2] = [".rustc_info.json", "CACHEDIR.TAG"];

/// Set in the guest to a directory whose files come back to the host.
pub const ENV_ARTIFACTS: &str = "VM_TEST_ARTIFACTS";

/// Names the pattern of coverage profiles for every program that was built to write them.
pub const ENV_PROFILE: &str = "LLVM_PROFILE_FILE";

/// How many files of one kind are brought back.
pub const MOST_FILES: usize = 1_000;

/// How many bytes of artifacts are brought back, and as many of exports.
pub const MOST_BYTES: u64 = 256 << 20;

/// How many bytes of coverage profiles are brought back.
pub const MOST_PROFILE_BYTES: u64 = 1 << 30;

/// How many files that stay in the guest are named.
pub const MOST_KEPT: usize = 20;

/// How long all of it may take, on top of the job's own time.
pub const HARVEST_TIME: Duration = Duration::from_secs(60);

/// How many bytes of a file are in one message.
pub const CHUNK: usize = 1 << 18;

/// The files that the host wants once the job is over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Coverage profiles.
    pub profiles: Profiles,
    /// Whether the job gets a directory for artifacts.
    pub artifacts: bool,
    /// Files of the workspace.
    pub exports: Option<Exports>,
}

/// Whether coverage profiles are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Profiles {
    /// Coverage is not measured.
    #[default]
    None,
    /// Coverage is measured.
    All {
        /// Counters are to be in the file all the time, which the program must have been built for.
        continuous: bool,
    },
}

/// Files of the workspace that come back if the job has written them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exports {
    /// The directory that the patterns start from.
    pub root: String,
    /// Which files.
    pub patterns: Vec<Pattern>,
}

/// What a file is that comes from a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileKind {
    /// A coverage profile.
    Profile,
    /// A file from the directory for artifacts.
    Artifact,
    /// A file of the workspace.
    Export,
}

impl FileKind {
    /// As people read it.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Profile => "coverage profile",
            Self::Artifact => "artifact",
            Self::Export => "export",
        }
    }

    /// How many bytes of this kind are brought back.
    #[must_use]
    pub fn most_bytes(self) -> u64 {
        match self {
            Self::Profile => MOST_PROFILE_BYTES,
            Self::Artifact | Self::Export => MOST_BYTES,
        }
    }
}

/// The sum that goes with a file: FNV-1a, as both sides count it over the bytes that they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    /// Counts these bytes in: eight at a time, since test binaries are mostly built without optimisation. Both sides cut
    /// a file into the same pieces.
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

    /// The sum of all bytes so far.
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
