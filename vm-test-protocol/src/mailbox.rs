//! Where the process that runs the body leaves a report that it cannot send: words in its own memory, which the agent reads.
//! It needs no descriptor and no system call of the body's process, which may have closed and forbidden all of them.
//!
//! All words are native `u64`. The body fills them and raises [`POSTED`]; the agent takes the report and sets [`TAKEN`] to
//! the same number, for which the body waits.

/// How many words there are.
pub const WORDS: usize = 6;

/// The lower half of the job's nonce.
pub const NONCE_LOW: usize = 0;

/// The upper half of the job's nonce.
pub const NONCE_HIGH: usize = 1;

/// Where in the same memory the frame of the report is.
pub const ADDRESS: usize = 2;

/// How long that frame is, in bytes.
pub const LENGTH: usize = 3;

/// How many reports have been left here.
pub const POSTED: usize = 4;

/// How many of them the agent has taken.
pub const TAKEN: usize = 5;

/// The two halves of a nonce, the lower first.
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
