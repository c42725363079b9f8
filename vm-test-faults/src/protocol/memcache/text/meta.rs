//! The flags of meta commands and of their replies, and which reply may be whose.

use super::expected::{Mark, hash};

/// What the flags of a meta command say.
pub(super) struct Flags {
    pub(super) is_quiet: bool,
    pub(super) mark: Mark,
}

/// Reads the flags of the command `m` + `letter` for `key`.
pub(super) fn flags(letter: u8, key: &[u8], flags: &[&[u8]]) -> Flags {
    let has = |wanted: u8| flags.iter().any(|flag| flag.first() == Some(&wanted));
    let opaque = flags.iter().find_map(|flag| flag.strip_prefix(b"O"));
    // A binary key may come back in another spelling.
    let has_key = has(b'k') && !has(b'b');
    Flags {
        is_quiet: has(b'q'),
        mark: Mark {
            letter,
            opaque: opaque.map_or(0, hash),
            key: if has_key { hash(key) } else { 0 },
        },
    }
}

/// Returns whether a quiet command with this mark may have got this reply.
pub(super) fn may_be_answered(mark: Mark, line: &[u8]) -> bool {
    let mut words = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    let word = words.next().unwrap_or_default();
    match (mark.letter, word) {
        // Errors have no flags that would tell whose they are.
        (_, b"ERROR" | b"CLIENT_ERROR" | b"SERVER_ERROR") => return true,
        // The results that memcached does not hide.
        (b'g', b"VA" | b"HD")
        | (b's', b"NS" | b"EX" | b"NF")
        | (b'd', b"EX" | b"NS")
        | (b'a', b"NS" | b"EX") => {}
        _ => return false,
    }
    let mut opaque = 0;
    let mut key = 0;
    for flag in words {
        match flag {
            [b'O', token @ ..] => opaque = hash(token),
            [b'k', token @ ..] => key = hash(token),
            _ => {}
        }
    }
    mark.opaque == opaque && (mark.key == 0 || key == 0 || mark.key == key)
}
