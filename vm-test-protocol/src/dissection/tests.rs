//! Frames as they may come, and what is read of them.

use super::*;

/// Returns a frame with these tags, each with the type given, that has this in it.
pub(crate) fn frame(tags: &[(u16, u16)], kind: u16, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xee; 12];
    for (kind, content) in tags {
        frame.extend(kind.to_be_bytes());
        frame.extend(content.to_be_bytes());
    }
    frame.extend(kind.to_be_bytes());
    frame.extend(content);
    frame
}

/// Returns a packet of version 4 from 10.0.0.1 to 10.0.0.2.
pub(crate) fn v4(protocol: u8, fragment: u16, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend((20 + content.len() as u16).to_be_bytes());
    packet.extend([0, 0]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    packet.extend(content);
    packet
}

/// Returns a packet of version 6 from fd00::1 to fd00::2.
pub(crate) fn v6(next: u8, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((content.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    for last in [1, 2] {
        packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    packet.extend(content);
    packet
}

pub(crate) fn udp(from: u16, to: u16, content: &[u8]) -> Vec<u8> {
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    [ports, vec![0; 4], content.to_vec()].concat()
}

fn words(frame: &[u8]) -> String {
    Dissection::of(frame).to_string()
}

#[test]
fn frames_are_read_through_all_of_their_headers() {
    let datagram = udp(5, 4444, b"hello");
    let plain = frame(&[], IPV4, &v4(UDP, 0x4000, &datagram));
    let expected = "UDP 10.0.0.1:5 > 10.0.0.2:4444, 5 bytes: \"hello\"";
    assert_eq!(words(&plain), expected);
    let filled = [plain, vec![0; 13]].concat();
    assert_eq!(words(&filled), expected, "short frames are filled up");

    let mut tcp = udp(5, 80, b"");
    tcp.extend([0; 4]);
    tcp.extend([0x60, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    tcp.extend(b"GET");
    assert_eq!(
        words(&frame(&[], IPV6, &v6(TCP, &tcp))),
        "TCP [fd00::1]:5 > [fd00::2]:80, 3 bytes: \"GET\""
    );
    let ping = frame(&[], IPV4, &v4(ICMP, 0, &[8, 0, 0, 0, 0, 0, 0, 0, b'x']));
    assert_eq!(
        words(&ping),
        "ICMP 10.0.0.1 > 10.0.0.2, type 8, 1 bytes: \"x\""
    );
    let arp = frame(&[], ARP, &[0; 40]);
    let shown = "\\x00".repeat(32);
    assert_eq!(words(&arp), format!("ARP, 40 bytes: \"{shown}…\""));
}

#[test]
fn all_tags_are_read() {
    let packet = v4(UDP, 0, &udp(5, 6, b""));
    let vlans = |tags: &[(u16, u16)]| {
        let frame = frame(tags, IPV4, &packet);
        let it = Dissection::of(&frame);
        assert_eq!(it.ports, Some((5, 6)));
        it.vlans
    };
    // Priorities are no part of the id.
    assert_eq!(vlans(&[(0x8100, 0xe05d)]), [93]);
    assert_eq!(vlans(&[(0x88a8, 7), (0x8100, 93)]), [7, 93]);
    let endless = frame(&[(0x8100, 1); 40], IPV4, &packet);
    assert_eq!(Dissection::of(&endless).vlans.len(), MOST_TAGS);
}

#[test]
fn later_fragments_have_a_protocol_and_no_ports() {
    let first = frame(&[], IPV4, &v4(UDP, 0x2000, &udp(5, 6, b"x")));
    assert_eq!(Dissection::of(&first).ports, Some((5, 6)));
    let later = frame(&[], IPV4, &v4(UDP, 0x2001, &udp(5, 6, b"x")));
    let it = Dissection::of(&later);
    assert_eq!((it.protocol, it.ports), (Some(UDP), None));
    assert_eq!(it.payload.len(), 9);
    assert!(it.to_string().contains(", a later fragment, 9 bytes"));
    for (offset, ports) in [(0, Some((5, 6))), (8, None)] {
        let header = [UDP, 0, 0, offset | 1, 0, 0, 0, 1];
        let content = [&header[..], &udp(5, 6, b"x")].concat();
        let frame = frame(&[], IPV6, &v6(FRAGMENT, &content));
        let it = Dissection::of(&frame);
        assert_eq!((it.protocol, it.ports), (Some(UDP), ports));
    }
}

#[test]
fn extension_headers_are_passed_by() {
    let mut content = vec![60, 0, 0, 0, 0, 0, 0, 0];
    content.extend([AUTHENTICATION, 1]);
    content.extend([0; 14]);
    content.extend([UDP, 4]);
    content.extend([0; 22]);
    content.extend(udp(5, 6, b"hello"));
    let content = frame(&[], IPV6, &v6(0, &content));
    let it = Dissection::of(&content);
    assert_eq!((it.ports, it.payload), (Some((5, 6)), &b"hello"[..]));
    let endless = frame(&[], IPV6, &v6(0, &[0; 8 * 20]));
    assert_eq!(Dissection::of(&endless).protocol, None);
}

#[test]
fn whatever_is_cut_short_or_lies_about_its_length_is_read_as_far_as_it_goes() {
    let mut content = vec![UDP, 255, 0, 0, 0, 0, 0, 0];
    content.extend(udp(5, 6, b"hello"));
    for frame in [
        frame(&[(0x8100, 93)], IPV4, &v4(UDP, 0, &udp(5, 6, b"hello"))),
        frame(
            &[(0x8100, 93)],
            IPV4,
            &v4(TCP, 0, &udp(5, 6, b"hello world")),
        ),
        frame(&[], IPV6, &v6(0, &content)),
        frame(&[], IPV6, &v6(FRAGMENT, &content)),
        frame(&[], IPV6, &v6(AUTHENTICATION, &content)),
    ] {
        for end in 0..=frame.len() {
            let _ = words(&frame[..end]);
        }
        for at in 12..frame.len() {
            for value in [0, 1, 0x4f, 0x7f, 0xff] {
                let mut strange = frame.clone();
                strange[at] = value;
                let _ = words(&strange);
            }
        }
    }
    let mut short = v4(UDP, 0, &udp(5, 6, b"hello"));
    short[3] = 4;
    assert_eq!(
        words(&frame(&[], IPV4, &short)),
        "UDP 10.0.0.1 > 10.0.0.2, 0 bytes: \"\""
    );
}
