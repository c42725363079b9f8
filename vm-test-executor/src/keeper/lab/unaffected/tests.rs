//! The kernel itself runs the programs, for the datagrams of a pair of sockets.

use super::*;
use std::io::ErrorKind;
use std::net::Ipv6Addr;
use std::os::unix::net::UnixDatagram;
use vm_test_protocol::dissection::Dissection;
use vm_test_protocol::filter::Filter;

const A: Address = [2, 0x76, 0x6d, 0, 0, 1];
const B: Address = [2, 0x76, 0x6d, 0, 0, 2];
const C: Address = [2, 0x76, 0x6d, 0, 1, 2];

/// Returns a frame from `A` to `B` with a packet of IP version 4.
fn v4(protocol: u8, ports: [u16; 2]) -> Vec<u8> {
    let mut frame = [B, A].concat();
    frame.extend([
        0x08, 0x00, 0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, protocol, 0, 0,
    ]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(above(ports));
    frame
}

/// Returns a frame from `A` to `B` with a packet of IP version 6.
fn v6(next: u8, ports: [u16; 2]) -> Vec<u8> {
    let mut frame = [B, A].concat();
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, next, 64]);
    frame.extend([0xfd; 32]);
    frame.extend(above(ports));
    frame
}

/// Returns the beginning of what is above IP, as long as a header of TCP.
fn above(ports: [u16; 2]) -> Vec<u8> {
    let mut bytes = ports.map(u16::to_be_bytes).concat();
    bytes.resize(24, 0);
    bytes[12] = 0x50;
    bytes
}

/// Returns a frame with a byte changed.
fn with(mut frame: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    frame[at] = byte;
    frame
}

fn without(marks: impl IntoIterator<Item = Mark>) -> Unaffected {
    Unaffected::without(marks.into_iter().collect()).unwrap()
}

/// Returns which of these frames count as unaffected. What is asked for and what is left are two
/// programs, and each frame has to be in exactly one of them.
fn chosen(unaffected: &Unaffected, frames: &[Vec<u8>]) -> Vec<bool> {
    let counts = |yes, no| -> Vec<bool> {
        let (near, far) = UnixDatagram::pair().unwrap();
        far.set_nonblocking(true).unwrap();
        let program = unaffected.program(&[C, A], &[C, B], yes, no);
        program.attach(&far).unwrap();
        let arrives = |frame: &Vec<u8>| {
            near.send(frame).unwrap();
            let mut room = [0; 2000];
            match far.recv(&mut room) {
                Ok(length) => {
                    assert_eq!(&room[..length], frame);
                    true
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    false
                }
            }
        };
        frames.iter().map(arrives).collect()
    };
    let (chosen, left) = (counts(u32::MAX, 0), counts(0, u32::MAX));
    let opposite: Vec<bool> = left.iter().map(|is_left| !is_left).collect();
    assert_eq!(chosen, opposite);
    chosen
}

#[test]
fn whole_packets_of_tcp_between_known_stations_are_unaffected_and_nothing_else() {
    let ports = [40_000, 80];
    let frames = [
        (true, v4(6, ports)),
        (true, v6(6, ports)),
        // Other protocols, and options or extension headers before the ports.
        (false, v4(17, ports)),
        (false, v4(1, ports)),
        (false, v6(17, ports)),
        (false, v6(44, ports)),
        (false, v6(0, ports)),
        (false, with(v4(6, ports), 14, 0x46)),
        (false, with(v4(6, ports), 14, 0x65)),
        (false, with(v6(6, ports), 14, 0x40)),
        // Fragments: the first one, and a later one.
        (false, with(v4(6, ports), 20, 0x20)),
        (false, with(v4(6, ports), 21, 0x01)),
        // A tag, another type, and stations of which one is not known.
        (false, with(v4(6, ports), 12, 0x81)),
        (false, with(v4(6, ports), 13, 0x06)),
        (false, with(v4(6, ports), 5, 9)),
        (false, with(v4(6, ports), 0, 3)),
        (false, with(v4(6, ports), 11, 9)),
        (false, with(v4(6, ports), 0, 0xff)),
        // Known ones, which are the last of their lists or not.
        (true, [&C[..], &A, &v4(6, ports)[12..]].concat()),
        (true, [&C[..], &C, &v4(6, ports)[12..]].concat()),
        // Frames that end within the headers.
        (true, v4(6, ports)[..38].to_vec()),
        (false, v4(6, ports)[..37].to_vec()),
        (true, v6(6, ports)[..58].to_vec()),
        (false, v6(6, ports)[..57].to_vec()),
        (false, vec![0]),
    ];
    let (expected, frames): (Vec<bool>, Vec<Vec<u8>>) = frames.into_iter().unzip();
    assert_eq!(chosen(&without([]), &frames), expected);
}

#[test]
fn a_port_that_a_fault_is_about_counts_on_either_side() {
    let most: Vec<u16> = (0..MOST_MARKS as u16).map(|number| 5000 + number).collect();
    let marks = most.iter().copied().map(Mark::Port);
    for port in [most[0], most[MOST_MARKS - 1]] {
        for frame in [v4, v6] {
            let frames = [[1, 2], [port, 2], [1, port], [5999, 2]].map(|ports| frame(6, ports));
            let expected = [true, false, false, true];
            assert_eq!(chosen(&without(marks.clone()), &frames), expected);
        }
    }
    let many = marks.chain([Mark::Port(80)]).collect();
    assert_eq!(Unaffected::without(many), None);
}

#[test]
fn an_address_that_a_fault_is_about_counts_on_either_side_and_whole() {
    let ports = [40_000, 80];
    let v4_of = |from: [u8; 4], to: [u8; 4]| {
        let mut frame = v4(6, ports);
        frame[26..30].copy_from_slice(&from);
        frame[30..34].copy_from_slice(&to);
        frame
    };
    let v6_of = |from: Ipv6Addr, to: Ipv6Addr| {
        let mut frame = v6(6, ports);
        frame[22..38].copy_from_slice(&from.octets());
        frame[38..54].copy_from_slice(&to.octets());
        frame
    };
    let (it, other) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let base: Ipv6Addr = "fd00:1:2:3:4:5:6:7".parse().unwrap();
    // Each differs from it in one word only.
    let near = (0..4).map(|word| {
        let mut octets = base.octets();
        octets[4 * word + 3] ^= 1;
        Ipv6Addr::from(octets)
    });
    let away: Ipv6Addr = "fd00::9".parse().unwrap();
    let mut frames = vec![
        (false, v4_of(it, other)),
        (false, v4_of(other, it)),
        (true, v4_of(other, [10, 0, 0, 3])),
        // Two bytes of each side together are no address.
        (true, v4_of([9, 9, 10, 0], [0, 1, 9, 9])),
        (false, v6_of(base, away)),
        (false, v6_of(away, base)),
        (true, v6_of(away, away)),
        // Bytes of version 6 that look like the address of version 4.
        (true, v6_of("a00:1::1".parse().unwrap(), away)),
    ];
    for near in near {
        frames.extend([(true, v6_of(near, away)), (true, v6_of(away, near))]);
    }
    let (expected, frames): (Vec<bool>, Vec<Vec<u8>>) = frames.into_iter().unzip();
    let marks = [it.into(), base.into(), IpAddr::from([192, 0, 2, 1])].map(Mark::Address);
    assert_eq!(chosen(&without(marks), &frames), expected);
    let (few, most) = (Ipv6Addr::LOCALHOST.to_bits(), MOST_MARKS as u128);
    let many = (few..few + most).map(|bits| Mark::Address(Ipv6Addr::from_bits(bits).into()));
    assert_eq!(chosen(&without(many), &[v6_of(base, away)]), [true]);
}

#[test]
fn of_several_kinds_each_has_its_stations() {
    let (none, of_80) = (without([]), without([Mark::Port(80)]));
    let (near, far) = UnixDatagram::pair().unwrap();
    far.set_nonblocking(true).unwrap();
    // What is left of frames to one station, and to another one.
    let first = none.program(&[A], &[B], 0, u32::MAX);
    let second = of_80.program(&[A], &[C], 0, u32::MAX);
    let all = first.otherwise(u32::MAX, &second);
    all.attach(&far).unwrap();
    let to_c = |frame: Vec<u8>| [&C[..], &frame[6..]].concat();
    for (frame, is_left) in [
        (v4(6, [1, 80]), false),
        (v6(6, [1, 80]), false),
        (v4(17, [1, 80]), true),
        (to_c(v4(6, [1, 80])), true),
        (to_c(v6(6, [1, 81])), false),
        (to_c(v4(17, [1, 81])), true),
        (with(v4(6, [1, 81]), 0, 4), true),
    ] {
        near.send(&frame).unwrap();
        assert_eq!(far.recv(&mut [0; 2000]).is_ok(), is_left, "{frame:?}");
    }
}

#[test]
fn what_counts_as_unaffected_matches_no_filter_that_the_marks_come_from() {
    let filter = Filter::default;
    let filters = [
        Filter {
            protocols: vec![17],
            ..filter()
        },
        Filter {
            protocols: vec![17],
            port: Some(80),
            ..filter()
        },
        Filter {
            protocols: vec![6, 17],
            destination_port: Some(80),
            ..filter()
        },
        Filter {
            source_port: Some(80),
            contains: vec![0],
            ..filter()
        },
        Filter {
            port: Some(80),
            source: Some([10, 0, 0, 1].into()),
            ..filter()
        },
        Filter {
            source: Some([10, 0, 0, 1].into()),
            ..filter()
        },
        Filter {
            destination: Some([10, 0, 0, 1].into()),
            ..filter()
        },
        Filter {
            destination: Some([0xfd; 16].into()),
            length: Some((0, 9000)),
            ..filter()
        },
        Filter {
            ether_type: Some(0x0806),
            ..filter()
        },
        Filter {
            vlan: Some(Some(93)),
            ..filter()
        },
        Filter {
            vlan: Some(None),
            source_port: Some(40_000),
            ..filter()
        },
        Filter {
            length: Some((0, 10)),
            port: Some(7),
            ..filter()
        },
    ];
    let mut frames = Vec::new();
    for ports in [[40_000, 80], [80, 40_000], [7, 8]] {
        for protocol in [6, 17, 44] {
            frames.extend([v4(protocol, ports), v6(protocol, ports)]);
        }
    }
    let inside = frames.clone();
    frames.extend(inside.into_iter().map(|frame| with(frame, 12, 0x81)));
    let mut count = 0;
    for filter in filters {
        let unaffected = without(filter.tcp_marks().unwrap());
        let chosen = chosen(&unaffected, &frames);
        for (frame, _) in frames
            .iter()
            .zip(chosen)
            .filter(|(_, is_chosen)| *is_chosen)
        {
            let finds = |all: &[u8], part: &[u8]| all.windows(part.len()).any(|it| it == part);
            for is_outgoing in [true, false] {
                let read = Dissection::of(frame);
                assert!(
                    !filter.matches(&read, is_outgoing, finds),
                    "{filter:?}: {frame:x?}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
