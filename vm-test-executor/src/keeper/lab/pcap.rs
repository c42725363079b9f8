//! The format of files with frames that Wireshark and tcpdump read, with times in nanoseconds.

use std::time::Duration;

/// What marks such a file, in the byte order of the machine that wrote it.
const MAGIC: u32 = 0xa1b2_3c4d;
const VERSION: [u16; 2] = [2, 4];

/// No frame in the file is longer.
const LONGEST: u32 = 65_535;

/// Frames are those of Ethernet.
const ETHERNET: u32 = 1;

/// Returns the beginning of a file.
pub(super) fn header() -> Vec<u8> {
    let mut bytes = MAGIC.to_le_bytes().to_vec();
    bytes.extend(VERSION.iter().flat_map(|part| part.to_le_bytes()));
    // The offset and the accuracy of times, which nobody uses.
    bytes.extend([0; 8]);
    bytes.extend(LONGEST.to_le_bytes());
    bytes.extend(ETHERNET.to_le_bytes());
    bytes
}

/// Adds a frame to a file: its first bytes, and how long it was.
pub(super) fn add(file: &mut Vec<u8>, at: Duration, bytes: &[u8], length: u32) {
    let bytes = &bytes[..bytes.len().min(LONGEST as usize)];
    let taken = u32::try_from(bytes.len()).unwrap_or(LONGEST);
    let seconds = u32::try_from(at.as_secs()).unwrap_or(u32::MAX);
    for word in [seconds, at.subsec_nanos(), taken, length.max(taken)] {
        file.extend(word.to_le_bytes());
    }
    file.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_when_each_frame_came_and_how_long_it_was() {
        let mut file = header();
        assert_eq!(file.len(), 24);
        assert_eq!(file[..8], [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0]);
        add(&mut file, Duration::new(7, 9), &[1, 2, 3], 60);
        let frame = [7, 0, 0, 0, 9, 0, 0, 0, 3, 0, 0, 0, 60, 0, 0, 0, 1, 2, 3];
        assert_eq!(file[24..], frame);
    }

    #[test]
    fn no_frame_is_longer_than_its_file_promises() {
        let mut file = Vec::new();
        add(&mut file, Duration::ZERO, &[0; 70_000], 70_000);
        assert_eq!(file.len(), 16 + 65_535);
        assert_eq!(file[8..12], 65_535_u32.to_le_bytes());
    }
}
