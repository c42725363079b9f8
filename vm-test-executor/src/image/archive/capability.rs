//! File capabilities: recognises their version, and converts them for use in a guest.
//!
//! Parses bytes only.

/// The version mask, and each version's number and length.
///
/// The last version also holds the id of the root user of its namespace.
const VERSION: u32 = 0xff00_0000;
const FIRST: (u32, usize) = (0x0100_0000, 12);
const SECOND: (u32, usize) = (0x0200_0000, 20);
const THIRD: (u32, usize) = (0x0300_0000, 24);

/// Returns the same capabilities for the root of any guest; `None` if the value is not valid.
pub(super) fn for_guest(value: &[u8]) -> Option<Vec<u8>> {
    let first = u32::from_le_bytes(value.first_chunk::<4>().copied()?);
    let flags = first & !VERSION;
    let form = (first & VERSION, value.len());
    let mut rights = (SECOND.0 | flags).to_le_bytes().to_vec();
    rights.extend_from_slice(value.get(4..SECOND.1.min(value.len()))?);
    match form {
        // Version 1 had 32 capabilities; the kernel no longer accepts it in a file.
        FIRST => rights.resize(SECOND.1, 0),
        SECOND | THIRD => {}
        _ => return None,
    }
    Some(rights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(numbers: &[u32]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    #[test]
    fn rights_of_every_version_become_those_of_the_guest() {
        let second = value(&[0x0200_0001, 1 << 13, 2, 3, 4]);
        assert_eq!(for_guest(&second).as_deref(), Some(&second[..]));
        let third = value(&[0x0300_0001, 1 << 13, 2, 3, 4, 100_000]);
        assert_eq!(for_guest(&third), Some(second));
        let first = value(&[0x0100_0000, 1 << 13, 2]);
        assert_eq!(
            for_guest(&first),
            Some(value(&[0x0200_0000, 1 << 13, 2, 0, 0]))
        );
    }

    #[test]
    fn what_is_none_is_not_taken_for_one() {
        for bad in [
            value(&[0x0400_0000, 0, 0, 0, 0]),
            value(&[0x0200_0000, 0]),
            b"xy".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(for_guest(&bad), None, "{bad:?}");
        }
    }
}
