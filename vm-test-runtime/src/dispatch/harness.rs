//! Whether this test binary's harness supports `#[should_panic]`, judged by the content of its
//! file. Used only where a test cannot be named.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

/// Text of the standard harness for a test that should have panicked but did not.
///
/// It is reversed, so that binaries do not contain the text because of this constant.
const WORDS_REVERSED: &[u8] = b"detcepxe sa cinap ton did tset";

/// How many bytes are searched at a time.
const CHUNK: usize = 1 << 16;

/// Returns whether this process's harness has tests that should panic.
pub(super) fn may_expect_panics() -> io::Result<bool> {
    has_words(File::open("/proc/self/exe")?)
}

fn has_words(mut file: impl Read) -> io::Result<bool> {
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
        if finds_words(&bytes[..filled]) {
            return Ok(true);
        }
        kept = filled.min(WORDS_REVERSED.len() - 1);
        bytes.copy_within(filled - kept..filled, 0);
    }
}

fn finds_words(bytes: &[u8]) -> bool {
    bytes
        .windows(WORDS_REVERSED.len())
        .any(|window| window[0] == b't' && window.iter().rev().eq(WORDS_REVERSED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_harness_expects_panics_and_the_words_are_not_those_of_this_file() {
        assert!(may_expect_panics().unwrap());
        assert!(!has_words(WORDS_REVERSED).unwrap());
    }

    #[test]
    fn the_words_are_found_wherever_pieces_end() {
        let words: Vec<u8> = WORDS_REVERSED.iter().rev().copied().collect();
        for before in [0, 1, CHUNK - words.len() / 2, CHUNK - 1] {
            let mut file = vec![b't'; before];
            file.extend(&words);
            assert!(has_words(&file[..]).unwrap(), "{before}");
            file.pop();
            assert!(!has_words(&file[..]).unwrap(), "{before}");
        }
    }
}
