//! Recognises test binaries with the standard harness by the content of the file. Executes none: a
//! binary without it may do anything when it is started, on the user's own host.

use memchr::memmem::Finder;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Text of the standard harness for a test that should have panicked but did not.
///
/// The text of its help would not do: custom harnesses with the same arguments contain that, too.
const WORDS: &[u8] = b"test did not panic as expected";

/// How many bytes are searched at a time.
const CHUNK: usize = 1 << 20;

/// Returns whether the binary has the standard harness.
///
/// # Errors
/// If it cannot be read.
pub(super) fn is_standard(binary: &Path) -> io::Result<bool> {
    has_words(File::open(binary)?)
}

fn has_words(mut file: impl Read) -> io::Result<bool> {
    let finder = Finder::new(WORDS);
    let mut bytes = vec![0; CHUNK];
    // These bytes may be the beginning of the text.
    let mut kept = 0;
    loop {
        let filled = match file.read(&mut bytes[kept..]) {
            Ok(0) => return Ok(false),
            Ok(count) => kept + count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if finder.find(&bytes[..filled]).is_some() {
            return Ok(true);
        }
        kept = filled.min(WORDS.len() - 1);
        bytes.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_binary_has_the_harness_and_the_kernels_list_of_mounts_does_not() {
        assert!(is_standard(&std::env::current_exe().unwrap()).unwrap());
        assert!(!is_standard(Path::new("/proc/self/mountinfo")).unwrap());
    }

    #[test]
    fn the_words_are_found_wherever_pieces_end() {
        for before in [0, 1, CHUNK - WORDS.len() / 2, CHUNK - 1, CHUNK, 2 * CHUNK] {
            let mut file = vec![b't'; before];
            file.extend(WORDS);
            assert!(has_words(&file[..]).unwrap(), "{before}");
            file.pop();
            assert!(!has_words(&file[..]).unwrap(), "{before}");
        }
    }
}
