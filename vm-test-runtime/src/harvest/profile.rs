//! Whether bytes are a complete raw coverage profile: a single truncated one breaks the whole
//! coverage report. Knows the format's header and sizes, not its content.

/// How many bytes of a profile are examined.
pub(super) const HEADER: usize = 16 * 8;

/// The magic numbers of profiles of 64-bit and of 32-bit programs.
const MAGIC: [[u8; 8]; 2] = [*b"\x81rforpl\xff", *b"\x81Rforpl\xff"];

/// The version whose sizes are known: that of all compilers since Rust 1.82.
const VERSION: u64 = 10;

/// Bits of the version that tell the kind of the profile.
const KIND: u64 = 0xff << 56;

/// The kind with one byte for each counter.
const BYTE_COUNTERS: u64 = 1 << 60;

/// Checks a profile of `length` bytes by its header.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(header: &[u8], length: u64) -> Result<(), String> {
    let Some(magic) = header.first_chunk::<8>() else {
        return Err(format!("it has only {length} bytes"));
    };
    if !MAGIC.contains(magic) {
        return Err("it does not begin like a coverage profile".to_owned());
    }
    let field = |index: usize| -> Option<u64> {
        let bytes = header.get(index * 8..index * 8 + 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let short = || "it is cut short".to_owned();
    let version = field(1).ok_or_else(short)?;
    // Other versions are left to the tools that merge profiles.
    if *magic != MAGIC[0] || version & !KIND != VERSION {
        return Ok(());
    }
    let fields: Option<Vec<u64>> = (0..HEADER / 8).map(field).collect();
    let fields = fields.ok_or_else(short)?;
    let needs = size(&fields, version & BYTE_COUNTERS != 0);
    match needs {
        Some(needs) if needs <= length => Ok(()),
        Some(needs) => Err(format!("it is cut short: {length} of {needs} bytes")),
        None => Err("its sizes are nonsense".to_owned()),
    }
}

/// Returns the minimum size of a profile with this header.
fn size(fields: &[u64], byte_counters: bool) -> Option<u64> {
    let &[
        _,
        _,
        binary_ids,
        functions,
        before_counters,
        counters,
        after_counters,
        bitmap,
        after_bitmap,
        names,
        _,
        _,
        _,
        tables,
        table_names,
        _,
    ] = fields
    else {
        return None;
    };
    let padded = |size: u64| size.checked_next_multiple_of(8);
    [
        HEADER as u64,
        binary_ids,
        functions.checked_mul(64)?,
        before_counters,
        counters.checked_mul(if byte_counters { 1 } else { 8 })?,
        after_counters,
        bitmap,
        after_bitmap,
        padded(names)?,
        tables.checked_mul(24)?,
        padded(table_names)?,
    ]
    .into_iter()
    .try_fold(0u64, u64::checked_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(fields: &[(usize, u64)]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[..8].copy_from_slice(&MAGIC[0]);
        bytes[8] = 10;
        for (index, value) in fields {
            bytes[index * 8..index * 8 + 8].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_profile_is_whole_or_refused() {
        // One function, two counters, a name of five bytes.
        let bytes = header(&[(3, 1), (5, 2), (9, 5)]);
        let whole = 128 + 64 + 16 + 8;
        assert_eq!(check(&bytes, whole), Ok(()));
        assert_eq!(
            check(&bytes, whole - 1),
            Err("it is cut short: 215 of 216 bytes".to_owned())
        );
        assert!(check(&bytes[..64], 64).is_err());
        assert!(check(&header(&[(3, u64::MAX)]), 1000).is_err());
        assert!(check(b"", 0).is_err());
        assert!(check(b"#!/bin/sh", 9).is_err());
    }

    #[test]
    fn versions_of_the_future_are_left_to_their_tools() {
        assert_eq!(check(&header(&[(1, 11), (3, u64::MAX)]), 128), Ok(()));
    }
}
