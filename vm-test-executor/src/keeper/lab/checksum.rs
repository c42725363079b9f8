//! Changes of a frame's bytes: the checksum that its sender left to the hardware, and a bit that a
//! link gets wrong. Knows no fault.

use vm_test_sys::packet::HEADER;

/// Where the parts of the header of a frame stand (`struct virtio_net_hdr`), and what says that the
/// checksum is missing.
const FLAGS: usize = 0;
const KIND_OF_LONG: usize = 1;
const START: usize = 6;
const OFFSET: usize = 8;
const NEEDS_CHECKSUM: u8 = 1;

/// The length of the addresses and the type at the beginning of a frame, in bytes.
const OF_LINK: usize = 14;

/// Changes one bit behind the addresses of a frame with its header; which one, the draw says. Returns
/// whether there was one.
///
/// The checksum is that of the frame as it was, so that the receiver can find the error. Frames of
/// several packets get their checksums when they are cut up: there would be no error in them.
#[must_use]
pub(super) fn corrupt(frame: &mut [u8], draw: u64) -> bool {
    if frame.get(KIND_OF_LONG) != Some(&0) {
        return false;
    }
    complete(frame);
    let Some(behind) = frame.get_mut(HEADER + OF_LINK..) else {
        return false;
    };
    let bits = 8 * behind.len() as u64;
    let Some(bit) = draw.checked_rem(bits) else {
        return false;
    };
    let at = usize::try_from(bit / 8).unwrap_or_default();
    behind[at] ^= 1 << (bit % 8);
    true
}

/// Completes the checksum of a frame with its header, if its sender left that to the hardware.
fn complete(frame: &mut [u8]) {
    let word = |at: usize| {
        let bytes = frame.get(at..at + 2)?;
        Some(usize::from(u16::from_ne_bytes([bytes[0], bytes[1]])))
    };
    let is_missing = frame
        .get(FLAGS)
        .is_some_and(|flags| flags & NEEDS_CHECKSUM != 0);
    let (Some(start), Some(offset)) = (word(START), word(OFFSET)) else {
        return;
    };
    let Some(covered) = frame.get_mut(HEADER + start..).filter(|_| is_missing) else {
        return;
    };
    // What stands there so far is the sum of the addresses, lengths and protocol.
    let sum = sum_of(covered);
    if let Some(place) = covered.get_mut(offset..offset + 2) {
        // In UDP, 0 would mean that there is none; it is the same number.
        let value = if sum == 0xffff { 0xffff } else { !sum };
        place.copy_from_slice(&value.to_be_bytes());
        frame[FLAGS] &= !NEEDS_CHECKSUM;
        frame[START..OFFSET + 2].fill(0);
    }
}

/// Returns the sum of the internet protocols over these bytes.
fn sum_of(bytes: &[u8]) -> u16 {
    let mut words = bytes.chunks(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        [high] => u16::from_be_bytes([*high, 0]),
        _ => 0,
    });
    words.by_ref().fold(0, |sum: u16, word| {
        let (sum, carried) = sum.overflowing_add(word);
        sum + u16::from(carried)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a frame whose datagram, from its 34th byte on, lacks its checksum.
    fn partial(payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; HEADER];
        frame[FLAGS] = NEEDS_CHECKSUM;
        frame[START..START + 2].copy_from_slice(&34_u16.to_ne_bytes());
        frame[OFFSET..OFFSET + 2].copy_from_slice(&6_u16.to_ne_bytes());
        frame.extend([7; 34]);
        let length = 8 + payload.len() as u16;
        let addresses = sum_of(&[10, 0, 0, 1, 10, 0, 0, 2, 0, 17]);
        let (pseudo, carried) = addresses.overflowing_add(length);
        frame.extend([0, 5, 0, 80]);
        frame.extend(length.to_be_bytes());
        frame.extend((pseudo + u16::from(carried)).to_be_bytes());
        frame.extend(payload);
        frame
    }

    /// Returns whether the checksum of such a frame is right.
    fn is_right(frame: &[u8]) -> bool {
        let datagram = &frame[HEADER + 34..];
        let mut all = vec![10, 0, 0, 1, 10, 0, 0, 2, 0, 17];
        all.extend((datagram.len() as u16).to_be_bytes());
        all.extend(datagram);
        sum_of(&all) == 0xffff
    }

    #[test]
    fn a_checksum_that_was_left_to_the_hardware_is_completed() {
        for payload in [&b"odd"[..], b"even", b"", &[0xff; 1400]] {
            let mut frame = partial(payload);
            assert!(!is_right(&frame));
            complete(&mut frame);
            assert!(is_right(&frame), "{payload:?}");
            assert_eq!(frame[..HEADER], [0; HEADER]);
            let whole = frame.clone();
            complete(&mut frame);
            assert_eq!(frame, whole);
        }
    }

    #[test]
    fn a_frame_that_lies_about_its_checksum_stays_as_it_is() {
        for (start, offset) in [(34_u16, 5000_u16), (5000, 6), (u16::MAX, u16::MAX)] {
            let mut frame = partial(b"word");
            frame[START..START + 2].copy_from_slice(&start.to_ne_bytes());
            frame[OFFSET..OFFSET + 2].copy_from_slice(&offset.to_ne_bytes());
            let before = frame.clone();
            complete(&mut frame);
            assert_eq!(frame, before);
        }
        complete(&mut [NEEDS_CHECKSUM]);
    }

    #[test]
    fn exactly_one_bit_behind_the_addresses_changes_and_the_checksum_tells() {
        for draw in 0..1000 {
            let mut whole = partial(b"word");
            complete(&mut whole);
            let mut frame = partial(b"word");
            assert!(corrupt(&mut frame, draw * 0x0123_4567_89ab));
            let changed = whole.iter().zip(&frame).map(|(one, other)| one ^ other);
            let bits: Vec<u32> = changed.map(u8::count_ones).collect();
            assert_eq!(bits.iter().sum::<u32>(), 1);
            let at = bits.iter().position(|count| *count == 1).unwrap();
            assert!(at >= HEADER + OF_LINK);
            assert_eq!(is_right(&frame), at < HEADER + 34);
        }
    }

    #[test]
    fn what_has_nothing_to_change_is_left_alone() {
        let mut long = partial(b"word");
        long[KIND_OF_LONG] = 1;
        let before = long.clone();
        assert!(!corrupt(&mut long, 5));
        assert_eq!(long, before);
        for length in 0..=HEADER + OF_LINK {
            assert!(!corrupt(&mut vec![0; length], 5));
        }
    }
}
