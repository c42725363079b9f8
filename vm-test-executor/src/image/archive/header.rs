//! The 512-byte header of a tar entry, with the fields that all tar formats share.
//!
//! Reads no stream.

/// The size of a header; contents are padded to a multiple of it.
pub(super) const BLOCK: usize = 512;

/// Fields of an old sparse header.
///
/// They are the map's offset, its number of parts, the flag for more blocks, and the real file
/// size.
const MAP: usize = 386;
const PARTS: usize = 4;
const MORE: usize = 482;
const REAL_SIZE: usize = 483;

/// The same flag and number of parts in a continuation block.
const MORE_OF_MAP: usize = 504;
const PARTS_OF_MAP: usize = 21;

/// The size of one part: offset and length, twelve bytes each.
const PART: usize = 24;

pub(super) struct Header<'a>(pub(super) &'a [u8; BLOCK]);

impl Header<'_> {
    /// Returns whether the checksum is right; some programs summed signed bytes.
    pub(super) fn is_right(&self) -> bool {
        let is_sum = |at: usize| (148..156).contains(&at);
        let bytes = || self.0.iter().enumerate();
        let unsigned = bytes().map(|(at, &byte)| if is_sum(at) { 32 } else { i64::from(byte) });
        let signed = bytes().map(|(at, &byte)| {
            if is_sum(at) {
                32
            } else {
                i64::from(byte.cast_signed())
            }
        });
        let said = number(&self.0[148..156]);
        said == Some(unsigned.sum()) || said == Some(signed.sum())
    }

    /// Returns the type flag.
    pub(super) fn kind(&self) -> u8 {
        self.0[156]
    }

    /// Returns the name, including the prefix field of newer formats.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.0[..100]);
        // GNU's own format uses the prefix field for other data.
        if &self.0[257..263] != b"ustar\0" {
            return name.to_vec();
        }
        // So does star's format, after a shorter prefix.
        let end = if &self.0[508..512] == b"tar\0" {
            476
        } else {
            500
        };
        match text(&self.0[345..end]) {
            b"" => name.to_vec(),
            prefix => [prefix, b"/", name].concat(),
        }
    }

    pub(super) fn target(&self) -> Vec<u8> {
        text(&self.0[157..257]).to_vec()
    }

    pub(super) fn mode(&self) -> Option<i64> {
        number(&self.0[100..108])
    }

    pub(super) fn user(&self) -> Option<i64> {
        number(&self.0[108..116])
    }

    pub(super) fn group(&self) -> Option<i64> {
        number(&self.0[116..124])
    }

    pub(super) fn size(&self) -> Option<i64> {
        number(&self.0[124..136])
    }

    pub(super) fn time(&self) -> Option<i64> {
        number(&self.0[136..148])
    }

    pub(super) fn real_size(&self) -> Option<i64> {
        number(&self.0[REAL_SIZE..REAL_SIZE + 12])
    }

    /// Returns the first parts of an old sparse map, and whether more follow.
    pub(super) fn map(&self) -> (Option<Vec<(u64, u64)>>, bool) {
        (parts(&self.0[MAP..], PARTS), self.0[MORE] != 0)
    }

    /// Returns the same for a continuation block.
    pub(super) fn more_of_map(&self) -> (Option<Vec<(u64, u64)>>, bool) {
        (parts(self.0, PARTS_OF_MAP), self.0[MORE_OF_MAP] != 0)
    }
}

fn parts(bytes: &[u8], most: usize) -> Option<Vec<(u64, u64)>> {
    let parts = bytes.chunks_exact(PART).take(most);
    // Unused parts are filled with zeros.
    let used = parts.take_while(|part| part[0] != 0 || part[12] != 0);
    used.map(|part| {
        let [offset, length] = [&part[..12], &part[12..]].map(number);
        Some((u64::try_from(offset?).ok()?, u64::try_from(length?).ok()?))
    })
    .collect()
}

/// Returns a field up to its first NUL.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&byte| byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Parses a number: octal digits, or binary if the first bit is set.
///
/// An empty field is zero.
fn number(field: &[u8]) -> Option<i64> {
    if field[0] & 0x80 != 0 {
        let negative = field[0] & 0x40 != 0;
        let first = if negative {
            -1
        } else {
            i64::from(field[0] & 0x3f)
        };
        // Saturates: a number this large exceeds every limit anyway.
        let sum = |sum: i64, &byte: &u8| sum.saturating_mul(256).saturating_add(i64::from(byte));
        return Some(field[1..].iter().fold(first, sum));
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0i64, |sum, &digit| match digit {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_digits_or_bytes() {
        for (field, expected) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (
                b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                Some(i64::MAX),
            ),
            (b"12x\0", None),
        ] {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }

    #[test]
    fn only_the_posix_form_has_a_part_of_the_name_elsewhere() {
        let mut block = [0; BLOCK];
        block[..4].copy_from_slice(b"name");
        block[345..348].copy_from_slice(b"dir");
        assert_eq!(Header(&block).name(), b"name");
        block[257..265].copy_from_slice(b"ustar  \0");
        assert_eq!(Header(&block).name(), b"name");
        block[257..265].copy_from_slice(b"ustar\x0000");
        assert_eq!(Header(&block).name(), b"dir/name");
    }
}
