//! Sparse files: which parts of a file an archive holds, in each of GNU tar's formats.
//!
//! Reads no stream.

use super::extended::{Pair, number, value};

/// The prefix of keys about sparse files.
const PREFIX: &[u8] = b"GNU.sparse.";

/// The parts with data, in order: offset and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Map {
    pub(super) parts: Vec<(u64, u64)>,
    /// The length of the file.
    pub(super) size: u64,
}

/// What an extended header says about holes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SparseInfo {
    NotSparse,
    /// The whole map.
    Map(Map),
    /// The map is at the beginning of the content; holds the length of the file.
    MapInContent(u64),
    /// Cannot be parsed.
    Invalid,
}

/// Returns what these pairs say about holes.
pub(super) fn of_pairs(pairs: &[Pair]) -> SparseInfo {
    // Solaris's format: without the map, the content would be taken for the whole file.
    if value(pairs, b"SUN.holesdata").is_some() {
        return SparseInfo::Invalid;
    }
    let about = |(key, _): &&Pair| key.starts_with(PREFIX) && key != b"GNU.sparse.name";
    if pairs.iter().find(about).is_none() {
        return SparseInfo::NotSparse;
    }
    let size = value(pairs, b"GNU.sparse.realsize").or(value(pairs, b"GNU.sparse.size"));
    let Some(size) = size.and_then(number) else {
        return SparseInfo::Invalid;
    };
    match value(pairs, b"GNU.sparse.major") {
        Some(b"1") => return SparseInfo::MapInContent(size),
        Some(b"0") | None => {}
        Some(_) => return SparseInfo::Invalid,
    }
    let numbers: Option<Vec<u64>> = match value(pairs, b"GNU.sparse.map") {
        Some(b"") => Some(Vec::new()),
        Some(map) => map.split(|&byte| byte == b',').map(number).collect(),
        // Each number is in a pair of its own.
        None => {
            let keys: [&[u8]; 2] = [b"GNU.sparse.offset", b"GNU.sparse.numbytes"];
            let numbers = pairs.iter().filter(|(key, _)| keys.contains(&&key[..]));
            numbers.map(|(_, value)| number(value)).collect()
        }
    };
    match numbers.and_then(|numbers| of_numbers(&numbers, size)) {
        Some(map) => SparseInfo::Map(map),
        None => SparseInfo::Invalid,
    }
}

/// Builds a map from alternating offsets and lengths.
pub(super) fn of_numbers(numbers: &[u64], size: u64) -> Option<Map> {
    let (parts, rest) = numbers.as_chunks::<2>();
    let parts = parts.iter().map(|[offset, length]| (*offset, *length));
    rest.is_empty().then(|| Map {
        parts: parts.collect(),
        size,
    })
}

impl Map {
    /// Returns whether the parts are in order, inside the file, and `stored` bytes in total.
    pub(super) fn is_right(&self, stored: u64) -> bool {
        let mut end = 0;
        let mut sum = 0u64;
        for &(offset, length) in &self.parts {
            let Some(next) = offset.checked_add(length) else {
                return false;
            };
            if offset < end || next > self.size {
                return false;
            }
            (end, sum) = (next, sum + length);
        }
        sum == stored
    }

    /// Returns how many bytes follow at this position, and whether they are content, not zeros.
    pub(super) fn run(&self, position: u64) -> (u64, bool) {
        let at = self
            .parts
            .partition_point(|(offset, length)| offset + length <= position);
        match self.parts.get(at) {
            Some(&(offset, length)) if offset <= position => (offset + length - position, true),
            Some(&(offset, _)) => (offset - position, false),
            None => (self.size - position, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(text: &[(&str, &str)]) -> SparseInfo {
        let pairs = text
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec()));
        of_pairs(&pairs.collect::<Vec<_>>())
    }

    #[test]
    fn every_form_of_a_map_is_understood() {
        let map = Map {
            parts: vec![(3, 2), (8, 1)],
            size: 10,
        };
        let old = [
            ("GNU.sparse.size", "10"),
            ("GNU.sparse.numblocks", "2"),
            ("GNU.sparse.offset", "3"),
            ("GNU.sparse.numbytes", "2"),
            ("GNU.sparse.offset", "8"),
            ("GNU.sparse.numbytes", "1"),
        ];
        assert_eq!(info(&old), SparseInfo::Map(map.clone()));
        let newer = [("GNU.sparse.size", "10"), ("GNU.sparse.map", "3,2,8,1")];
        assert_eq!(info(&newer), SparseInfo::Map(map.clone()));
        let newest = [("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "10")];
        assert_eq!(info(&newest), SparseInfo::MapInContent(10));
        assert_eq!(
            info(&[("GNU.sparse.major", "2"), ("GNU.sparse.size", "1")]),
            SparseInfo::Invalid
        );
        assert_eq!(info(&[("GNU.sparse.map", "1")]), SparseInfo::Invalid);
        assert_eq!(info(&[("SUN.holesdata", " 0 4")]), SparseInfo::Invalid);
        assert_eq!(info(&[("path", "x")]), SparseInfo::NotSparse);
        assert!(map.is_right(3) && !map.is_right(4));
        let runs: Vec<_> = [0, 3, 4, 5, 8, 9].map(|at| map.run(at)).into();
        assert_eq!(
            runs,
            [
                (3, false),
                (2, true),
                (1, true),
                (3, false),
                (1, true),
                (1, false)
            ]
        );
    }

    #[test]
    fn a_map_stays_within_its_file() {
        for parts in [
            vec![(0, 11)],
            vec![(5, 1), (4, 1)],
            vec![(u64::MAX, 2)],
            vec![(0, 3), (2, 1)],
        ] {
            let map = Map { parts, size: 10 };
            let stored = map
                .parts
                .iter()
                .fold(0u64, |sum, part| sum.wrapping_add(part.1));
            assert!(!map.is_right(stored), "{map:?}");
        }
    }
}
