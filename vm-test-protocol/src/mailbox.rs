//! A place for a report that the process running the body cannot send.
//!
//! It consists of words in the process's memory, which the agent reads. This needs no descriptor
//! and no system call in that process, which may have closed and forbidden all of them.
//!
//! All words are native `u64`. The body fills them and increments [`POSTED`]; the agent takes the
//! report and sets [`TAKEN`] to the same number, for which the body waits.

/// The number of words.
pub const WORDS: usize = 6;

/// The lower half of the job's nonce.
pub const NONCE_LOW: usize = 0;

/// The upper half of the job's nonce.
pub const NONCE_HIGH: usize = 1;

/// The address of the report's frame in the same memory.
pub const ADDRESS: usize = 2;

/// The length of that frame, in bytes.
pub const LENGTH: usize = 3;

/// How many reports have been posted.
pub const POSTED: usize = 4;

/// How many of them the agent has taken.
pub const TAKEN: usize = 5;

/// Returns the two halves of a nonce, lower half first.
#[must_use]
pub fn halves(nonce: u128) -> [u64; 2] {
    let bytes = nonce.to_le_bytes();
    let half = |from: usize| {
        bytes[from..]
            .iter()
            .take(8)
            .rev()
            .fold(0, |half, &byte| half << 8 | u64::from(byte))
    };
    [half(0), half(8)]
}

#[test]
fn the_halves_of_a_nonce_make_it_again() {
    let nonce = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;
    assert_eq!(
        halves(nonce),
        [0xfedc_ba98_7654_3210, 0x0123_4567_89ab_cdef]
    );
}
