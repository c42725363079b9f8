//! What one direction of a link keeps, in which order it goes on, and what is lost.

use super::*;
use std::time::Duration;

const START: Duration = Duration::ZERO;

const PASS: Treatment = Treatment {
    is_cut: false,
    is_held: false,
    is_impaired: false,
};
const HOLD: Treatment = Treatment {
    is_held: true,
    ..PASS
};
const IMPAIRED: Treatment = Treatment {
    is_impaired: true,
    ..PASS
};

/// Has a lane take a frame to which nothing is done.
fn take(lane: &mut Lane, frame: &[u8], kept: &mut Kept) -> bool {
    lane.take(frame, &Fate::untouched(START), START, kept)
}

/// Has a lane take a frame that is due then.
fn delay(lane: &mut Lane, frame: &[u8], millis: u64, kept: &mut Kept) {
    let due = Duration::from_millis(millis);
    let fate = Fate {
        due,
        ..Fate::untouched(START)
    };
    assert!(!lane.take(frame, &fate, START, kept));
}

/// Returns all frames that are due then.
fn due(lane: &mut Lane, millis: u64, kept: &mut Kept) -> Vec<Box<[u8]>> {
    let now = Duration::from_millis(millis);
    std::iter::from_fn(|| lane.pop_due(now, kept)).collect()
}

#[test]
fn held_frames_go_on_in_their_order_and_before_later_ones() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    assert!(take(&mut lane, b"at once", &mut kept));
    lane.treat(HOLD);
    for frame in [b"1", b"2"] {
        assert!(!take(&mut lane, frame, &mut kept));
    }
    assert_eq!(lane.next(&mut kept), None);
    lane.treat(PASS);
    assert!(lane.is_due());
    assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"1"[..]));
    assert!(!take(&mut lane, b"3", &mut kept));
    assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"2"[..]));
    assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"3"[..]));
    assert!(take(&mut lane, b"4", &mut kept));
    assert_eq!(lane.counts(), Some([3, 0]));
    assert_eq!(lane.counts(), Some([0, 0]));
    assert_eq!((lane.bytes, kept.bytes), (0, 0));
}

#[test]
fn what_is_kept_is_bounded_and_the_first_frames_stay() {
    let (mut lanes, mut kept) = (Vec::new(), Kept::default());
    let mut frame = vec![0; (1 << 20) - OVERHEAD];
    for _ in 0..10 {
        let mut lane = Lane::default();
        lane.treat(HOLD);
        for number in 0..20 {
            frame[0] = number;
            take(&mut lane, &frame, &mut kept);
        }
        lanes.push(lane);
    }
    let held = |lane: &Lane| lane.held.len();
    assert_eq!(lanes.iter().map(held).sum::<usize>(), 64);
    assert_eq!(held(&lanes[0]), 8);
    assert_eq!(lanes[0].held.back().unwrap()[0], 7);
    assert_eq!(held(&lanes[9]), 0);
    assert_eq!(lanes[9].counts(), None);
    lanes[0].discard(&mut kept);
    assert!(!take(&mut lanes[9], &frame, &mut kept));
    assert_eq!(held(&lanes[9]), 1);
}

#[test]
fn a_link_that_is_cut_loses_what_it_has_held_once_it_holds_no_more() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    lane.treat(HOLD);
    assert!(!take(&mut lane, b"1", &mut kept));
    lane.treat(Treatment {
        is_cut: true,
        ..HOLD
    });
    assert!(!take(&mut lane, b"2", &mut kept));
    assert!(!lane.is_due());
    lane.treat(Treatment {
        is_cut: true,
        ..PASS
    });
    assert!(lane.is_due());
    assert_eq!(lane.next(&mut kept), None);
    assert!(!lane.is_due());
    assert_eq!(lane.counts(), Some([0, 1]));
}

#[test]
fn frames_that_are_delayed_hold_up_those_behind_them_and_no_others() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    lane.treat(IMPAIRED);
    assert!(take(&mut lane, b"at once", &mut kept));
    delay(&mut lane, b"1", 10, &mut kept);
    delay(&mut lane, b"2", 20, &mut kept);
    assert_eq!(lane.load(&kept), (2, false));
    // Nothing is done to it, but others wait: it is due at once.
    assert!(!take(&mut lane, b"3", &mut kept));
    assert_eq!(due(&mut lane, 0, &mut kept), [b"3"[..].into()]);
    assert_eq!(lane.next_due(), Some(Duration::from_millis(10)));
    assert_eq!(due(&mut lane, 15, &mut kept), [b"1"[..].into()]);
    // Without an impairment the others go on before any later ones.
    lane.treat(PASS);
    assert_eq!(lane.next_due(), None);
    assert!(!take(&mut lane, b"4", &mut kept));
    assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"2"[..]));
    assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"4"[..]));
    assert!(take(&mut lane, b"5", &mut kept));
    assert_eq!((lane.bytes, kept.bytes), (0, 0));
}

#[test]
fn what_is_due_while_a_link_is_held_is_held() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    lane.treat(Treatment {
        is_held: true,
        ..IMPAIRED
    });
    delay(&mut lane, b"1", 10, &mut kept);
    assert!(!take(&mut lane, b"2", &mut kept));
    assert!(due(&mut lane, 0, &mut kept).is_empty());
    assert!(due(&mut lane, 10, &mut kept).is_empty());
    assert_eq!(lane.next(&mut kept), None);
    lane.treat(IMPAIRED);
    assert!(lane.is_due());
    // What comes now stays behind it.
    assert!(!take(&mut lane, b"3", &mut kept));
    assert!(due(&mut lane, 10, &mut kept).is_empty());
    for expected in [b"2", b"1", b"3"] {
        assert_eq!(lane.next(&mut kept).as_deref(), Some(&expected[..]));
    }
}

#[test]
fn a_frame_is_lost_doubled_changed_or_overtaken_as_its_fate_says() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    lane.treat(IMPAIRED);
    let mut frame = vec![0; 10 + 14 + 20];
    frame[43] = 1;
    let fate = |change: fn(&mut Fate)| {
        let mut fate = Fate::untouched(START);
        change(&mut fate);
        fate
    };
    let mut meet = |lane: &mut Lane, fate: Fate| {
        assert!(!lane.take(&frame, &fate, START, &mut kept));
        due(lane, 0, &mut kept)
    };
    assert!(meet(&mut lane, fate(|fate| fate.is_lost = true)).is_empty());
    let doubled = meet(&mut lane, fate(|fate| fate.copies = 2));
    assert_eq!(doubled, [&frame[..], &frame[..]].map(Box::from));
    let changed = meet(&mut lane, fate(|fate| fate.corruption = Some(0)));
    assert_eq!(changed[0][24], 1);
    assert!(meet(&mut lane, fate(|fate| fate.is_overtaken = true)).is_empty());
    frame[43] = 2;
    assert!(!take(&mut lane, &frame, &mut kept));
    let ends: Vec<u8> = due(&mut lane, 0, &mut kept)
        .iter()
        .map(|it| it[43])
        .collect();
    assert_eq!(ends, [2, 1]);
    assert_eq!((lane.bytes, kept.bytes), (0, 0));
}

#[test]
fn what_is_delayed_is_bounded_too() {
    let (mut lane, mut kept) = (Lane::default(), Kept::default());
    lane.treat(IMPAIRED);
    let frame = vec![0; (1 << 20) - OVERHEAD];
    for _ in 0..8 {
        assert!(!lane.load(&kept).1);
        delay(&mut lane, &frame, 10, &mut kept);
    }
    assert_eq!(lane.load(&kept), (8, true));
    delay(&mut lane, &frame, 10, &mut kept);
    assert_eq!(lane.load(&kept).0, 8);
    lane.discard(&mut kept);
    assert_eq!(lane.load(&kept), (0, false));
}
