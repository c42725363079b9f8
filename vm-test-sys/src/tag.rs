//! The tags of VLANs: the kernel takes them out of frames, and here they are put back. Reads no
//! socket.

/// The length of the header before each frame of a socket with headers: what the frame's sender
/// left to the hardware (`struct virtio_net_hdr`).
pub const HEADER: usize = 10;

/// Where a tag stands in a frame: after both hardware addresses.
const TAG: usize = 12;

/// The protocol of VLAN tags.
const TAGGED: u16 = 0x8100;

/// Where the length of the protocol headers and the start of the checksum stand in the header.
const LENGTH_OF_HEADERS: usize = 2;
const START_OF_SUM: usize = 6;

/// Returns the tag that the kernel has taken out of the frame of this message.
pub(super) fn tag_beside(message: &libc::msghdr) -> Option<[u8; 4]> {
    // SAFETY: the kernel has filled in the message, whose buffers are alive.
    let mut part = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !part.is_null() {
        // SAFETY: the pointer leads to the header of a part, within the message's buffer.
        let (level, kind, data) =
            unsafe { ((*part).cmsg_level, (*part).cmsg_type, libc::CMSG_DATA(part)) };
        if level == libc::SOL_PACKET && kind == libc::PACKET_AUXDATA {
            // SAFETY: a part of this kind is such a structure, which may be unaligned.
            let aux = unsafe { data.cast::<libc::tpacket_auxdata>().read_unaligned() };
            return tag(aux.tp_status, aux.tp_vlan_tpid, aux.tp_vlan_tci);
        }
        // SAFETY: as for the first part.
        part = unsafe { libc::CMSG_NXTHDR(message, part) };
    }
    None
}

/// Returns a tag as it stands in a frame, if this status says that there is one.
pub(crate) fn tag(status: u32, protocol: u16, tag: u16) -> Option<[u8; 4]> {
    if status & libc::TP_STATUS_VLAN_VALID == 0 {
        return None;
    }
    let has_protocol = status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
    let protocol = if has_protocol { protocol } else { TAGGED };
    let ([a, b], [c, d]) = (protocol.to_be_bytes(), tag.to_be_bytes());
    Some([a, b, c, d])
}

/// Puts a tag into a frame of this length with a header; returns the new length.
///
/// The buffer has room for it.
pub(super) fn put_tag(buffer: &mut [u8], length: usize, header: usize, tag: [u8; 4]) -> usize {
    let at = header + TAG;
    if length < at || buffer.len() < length + tag.len() {
        return length;
    }
    buffer.copy_within(at..length, at + tag.len());
    buffer[at..at + tag.len()].copy_from_slice(&tag);
    if header == HEADER {
        for field in [LENGTH_OF_HEADERS, START_OF_SUM] {
            let value = u16::from_ne_bytes([buffer[field], buffer[field + 1]]);
            if value != 0 {
                let moved = value.saturating_add(4).to_ne_bytes();
                buffer[field..field + 2].copy_from_slice(&moved);
            }
        }
    }
    length + tag.len()
}

/// Returns a frame with this tag in it.
#[must_use]
pub(crate) fn with_tag(frame: &[u8], tag: Option<[u8; 4]>) -> Vec<u8> {
    match (tag, frame.split_at_checked(TAG)) {
        (Some(tag), Some((addresses, rest))) => [addresses, &tag, rest].concat(),
        _ => frame.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_put_after_the_addresses_and_the_checksum_moves_with_its_packet() {
        let mut buffer = [0; 64];
        buffer[START_OF_SUM..START_OF_SUM + 2].copy_from_slice(&34_u16.to_ne_bytes());
        let frame: Vec<u8> = (1..=20).collect();
        buffer[HEADER..HEADER + 20].copy_from_slice(&frame);
        let length = put_tag(&mut buffer, HEADER + 20, HEADER, [0x81, 0, 0, 93]);
        let tagged = [&frame[..12], &[0x81, 0, 0, 93], &frame[12..]].concat();
        assert_eq!(buffer[HEADER..length], tagged);
        let start = [buffer[START_OF_SUM], buffer[START_OF_SUM + 1]];
        assert_eq!(u16::from_ne_bytes(start), 38);
        assert_eq!(buffer[LENGTH_OF_HEADERS], 0);
        assert_eq!(with_tag(&frame, Some([0x81, 0, 0, 93])), tagged);
        assert_eq!(with_tag(&frame[..5], Some([0; 4])), frame[..5]);
    }

    #[test]
    fn only_a_frame_that_had_a_tag_gets_one_and_older_kernels_leave_out_its_protocol() {
        let (valid, known) = (libc::TP_STATUS_VLAN_VALID, libc::TP_STATUS_VLAN_TPID_VALID);
        assert_eq!(tag(0, 0x88a8, 93), None);
        assert_eq!(tag(valid, 0, 93), Some([0x81, 0, 0, 93]));
        assert_eq!(tag(valid | known, 0x88a8, 256), Some([0x88, 0xa8, 1, 0]));
    }
}
