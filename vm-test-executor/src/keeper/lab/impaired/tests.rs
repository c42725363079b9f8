//! To which packets an impairment is done, and when they are due, by a clock that is given.

use super::*;
use vm_test_protocol::dissection::Dissection;
use vm_test_protocol::filter::Filter;

const LINK: (usize, usize) = (1, 0);

/// Returns a datagram to this port, in a frame.
fn datagram(port: u16) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([0x08, 0x00, 0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2, 0, 5]);
    frame.extend(port.to_be_bytes());
    frame.extend([0, 12, 0, 0, b'w', b'o', b'r', b'd']);
    frame
}

fn arrival(frame: &[u8], millis: u64) -> Arrival<'_> {
    Arrival {
        now: Duration::from_millis(millis),
        read: Dissection::of(frame),
        length: frame.len(),
        waiting: 0,
        is_full: false,
    }
}

fn impairment(action: Action) -> Impairment {
    Impairment {
        packets: Filter {
            destination_port: Some(80),
            ..Filter::default()
        },
        which: Which::All,
        chance: CERTAIN,
        action,
        seed: Some(7),
        limit: 3,
    }
}

fn begin(impairment: Impairment) -> Impaired {
    Impaired::begin(LINK, Direction::Both, impairment, 0, Duration::ZERO)
}

/// Returns the fate of a packet to a port.
fn judge(impaired: &mut Impaired, port: u16, way: Way, millis: u64) -> Fate {
    let mut fate = Fate::untouched(Duration::from_millis(millis));
    impaired.judge(&arrival(&datagram(port), millis), way, &mut fate);
    fate
}

#[test]
fn matching_packets_are_counted_and_exactly_those_meant_are_hit() {
    let cases: [(Which, &[u64]); 4] = [
        (Which::All, &[1, 2, 3, 4, 5, 6, 7]),
        (Which::First(2), &[1, 2]),
        (Which::Every(3), &[3, 6]),
        (Which::Only(3), &[3]),
    ];
    for (which, expected) in cases {
        let mut impaired = begin(Impairment {
            which,
            ..impairment(Action::Lose)
        });
        let mut lost = Vec::new();
        for number in 1..=7 {
            // Others in between are not counted.
            assert!(!judge(&mut impaired, 81, Way::FromNode, number).is_lost);
            let way = Way::BOTH[(number % 2) as usize];
            if judge(&mut impaired, 80, way, number).is_lost {
                lost.push(number);
            }
        }
        assert_eq!(lost, expected, "{which:?}");
        let tally = impaired.tally();
        assert_eq!((tally.matched, tally.hits), (7, expected.len() as u64));
        let told: Vec<_> = tally.events.iter().map(|event| event.number).collect();
        assert_eq!(told, expected);
        let event = &tally.events[0];
        assert_eq!(event.at, Duration::from_millis(expected[0]));
        assert_eq!(event.is_outgoing, expected[0] % 2 == 0);
        let words = "UDP 10.0.0.1:5 > 10.0.0.2:80, 4 bytes: \"word\"";
        assert_eq!(event.packet, words);
    }
}

#[test]
fn the_same_seed_hits_the_same_packets_whatever_the_other_direction_does() {
    let lost = |seed, others: usize| {
        let mut impaired = begin(Impairment {
            seed: Some(seed),
            chance: 300_000,
            ..impairment(Action::Lose)
        });
        let mut lost = Vec::new();
        for number in 0..1000 {
            for _ in 0..others {
                judge(&mut impaired, 80, Way::ToNode, number);
            }
            if judge(&mut impaired, 80, Way::FromNode, number).is_lost {
                lost.push(number);
            }
        }
        lost
    };
    let seven = lost(7, 0);
    assert!((250..350).contains(&seven.len()), "{}", seven.len());
    assert_eq!(seven, lost(7, 0));
    assert_eq!(seven, lost(7, 2));
    assert_ne!(seven, lost(8, 0));
}

#[test]
fn a_delay_varies_within_its_jitter_and_is_never_negative() {
    let millis = Duration::from_millis;
    let mut plain = begin(impairment(Action::Delay {
        by: millis(100),
        jitter: Duration::ZERO,
    }));
    let fate = judge(&mut plain, 80, Way::FromNode, 5);
    assert_eq!(fate.due, millis(105));
    for (by, least) in [(100, 85), (10, 5)] {
        let mut impaired = begin(impairment(Action::Delay {
            by: millis(by),
            jitter: millis(20),
        }));
        let due: Vec<_> = (0..1000)
            .map(|_| judge(&mut impaired, 80, Way::FromNode, 5).due)
            .collect();
        let (first, last) = (due.iter().min().unwrap(), due.iter().max().unwrap());
        assert!(*first >= millis(5 + by.saturating_sub(20)), "{first:?}");
        assert!(*first < millis(least + 5), "{first:?}");
        assert!(*last <= millis(5 + by + 20) && *last > millis(5 + by + 15));
    }
}

#[test]
fn a_rate_spaces_packets_by_their_length_and_makes_up_for_no_pause() {
    // A frame of 46 bytes is 368 bits.
    let mut impaired = begin(impairment(Action::Rate { bits: 368_000 }));
    let due = |impaired: &mut Impaired, way, millis| judge(impaired, 80, way, millis).due;
    for number in 1..=3 {
        let at = due(&mut impaired, Way::FromNode, 0);
        assert_eq!(at, Duration::from_millis(number));
    }
    assert_eq!(due(&mut impaired, Way::ToNode, 0), Duration::from_millis(1));
    let at = due(&mut impaired, Way::FromNode, 50);
    assert_eq!(at, Duration::from_millis(51));
    assert_eq!(impaired.tally().hits, 5);
}

#[test]
fn packets_that_find_too_many_waiting_are_lost_and_take_no_time() {
    let mut impaired = begin(impairment(Action::Rate { bits: 368_000 }));
    judge(&mut impaired, 80, Way::FromNode, 0);
    let frame = datagram(80);
    for (waiting, is_full) in [(3, false), (0, true)] {
        let mut fate = Fate::untouched(Duration::ZERO);
        let arrival = Arrival {
            waiting,
            is_full,
            ..arrival(&frame, 0)
        };
        impaired.judge(&arrival, Way::FromNode, &mut fate);
        assert!(fate.is_lost);
    }
    let tally = impaired.tally();
    assert_eq!((tally.matched, tally.hits, tally.overflowed), (3, 1, 2));
    let next = judge(&mut impaired, 80, Way::FromNode, 0).due;
    assert_eq!(next, Duration::from_millis(2));
}

#[test]
fn only_an_equal_delay_of_all_packets_leaves_long_frames_whole() {
    let millis = Duration::from_millis;
    let delay = |jitter| Action::Delay {
        by: millis(1),
        jitter,
    };
    for (action, needs) in [
        (delay(Duration::ZERO), false),
        (delay(millis(1)), true),
        (Action::Lose, true),
        (Action::Rate { bits: 1_000_000 }, true),
    ] {
        let impaired = begin(impairment(action));
        assert_eq!(impaired.needs_single_packets(0), needs, "{action:?}");
        assert!(!impaired.needs_single_packets(1));
    }
    let some = begin(Impairment {
        which: Which::Every(2),
        ..impairment(delay(Duration::ZERO))
    });
    assert!(some.needs_single_packets(0));
}

#[test]
fn events_are_bounded_and_counts_are_not() {
    let mut impaired = begin(impairment(Action::Duplicate));
    for _ in 0..1000 {
        assert_eq!(judge(&mut impaired, 80, Way::FromNode, 0).copies, 2);
    }
    let tally = impaired.tally();
    assert_eq!((tally.hits, tally.events.len()), (1000, MOST_EVENTS));
}
