//! Packets: three bytes of length, a sequence number, the payload. A message whose payload fills a
//! packet goes on in the next one. This file knows nothing of what is in them.

/// The length of a packet's header.
pub(super) const HEADER: usize = 4;

/// The length of a full packet, behind which the message goes on.
pub(super) const FULL: usize = 0xff_ffff;

/// The first bytes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) length: usize,
    pub(super) sequence: u8,
}

impl Header {
    /// Returns the header at the front, or `None` if it is not complete.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [low, middle, high, sequence, ..] = *bytes else {
            return None;
        };
        Some(Self {
            length: usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16,
            sequence,
        })
    }
}

/// Returns the header of the packet at the front, and up to `most` bytes of its payload; `None` if
/// they are not complete.
pub(super) fn front(bytes: &[u8], most: usize) -> Option<(Header, &[u8])> {
    let header = Header::read(bytes)?;
    let head = bytes.get(HEADER..HEADER + header.length.min(most))?;
    Some((header, head))
}

/// Returns a packet, or `None` if the payload does not fit into one.
pub(super) fn packet(sequence: u8, payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() >= FULL {
        return None;
    }
    let length = u32::try_from(payload.len()).ok()?.to_le_bytes();
    let mut packet = Vec::with_capacity(HEADER + payload.len());
    packet.extend([length[0], length[1], length[2], sequence]);
    packet.extend(payload);
    Some(packet)
}

/// Where one direction of a connection stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Position {
    /// Before the first packet of a message.
    #[default]
    Between,
    /// In a packet's payload.
    Inside {
        /// How much of the payload has not passed yet.
        left: usize,
        /// Whether the packet is full, so that the message goes on behind it.
        is_full: bool,
    },
    /// Before a further packet of a message.
    Continued,
}

impl Position {
    /// Enters a packet, behind its header.
    pub(super) fn enter(&mut self, length: usize) {
        *self = Self::Inside {
            left: length,
            is_full: length == FULL,
        };
    }

    /// Passes what belongs to the current message. Returns its length, and whether the message ends
    /// behind it.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut passed = 0;
        loop {
            match *self {
                Self::Between => return (passed, true),
                Self::Inside { left, is_full } => {
                    let length = left.min(bytes.len() - passed);
                    passed += length;
                    if length < left {
                        let left = left - length;
                        *self = Self::Inside { left, is_full };
                        return (passed, false);
                    }
                    *self = if is_full {
                        Self::Continued
                    } else {
                        Self::Between
                    };
                }
                Self::Continued => {
                    let Some(header) = Header::read(&bytes[passed..]) else {
                        return (passed, false);
                    };
                    passed += HEADER;
                    self.enter(header.length);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_a_full_packet_goes_on_even_if_nothing_follows_but_an_empty_one() {
        let mut position = Position::default();
        position.enter(FULL);
        assert_eq!(position.pass(&vec![0; FULL - 1]), (FULL - 1, false));
        assert_eq!(position.pass(&[0]), (1, false));
        assert_eq!(position.pass(&[0, 0, 0]), (0, false));
        assert_eq!(position.pass(&[0, 0, 0, 1, 9]), (HEADER, true));
        assert_eq!(position, Position::Between);
    }

    #[test]
    fn a_packet_has_its_length_and_number_in_front() {
        let packet = packet(7, &[1; 300]).unwrap();
        let (header, head) = front(&packet, 2).unwrap();
        assert_eq!((header.length, header.sequence), (300, 7));
        assert_eq!(head, [1, 1]);
        assert!(front(&packet[..5], 2).is_none());
        assert!(front(&packet[..6], 2).is_some());
        assert!(super::packet(0, &vec![0; FULL]).is_none());
    }
}
