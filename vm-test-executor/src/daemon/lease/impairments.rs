//! What a test may have done to the packets of a link, before the lab's keeper is told: nothing that
//! is impossible or has no end, and a seed that is the link's own.

use std::ops::RangeInclusive;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::impairment::{
    Action, CERTAIN, Impairment, LEAST_RATE, LONGEST_DELAY, MOST_LIMIT, Which,
};

/// How much may be sought in packets: protocols, and bytes.
const MOST_PROTOCOLS: usize = 256;
const MOST_BYTES: usize = 1024;

/// How many packets may wait.
const LIMITS: RangeInclusive<u32> = 1..=MOST_LIMIT;

/// Returns the verb for what is done, as in "cannot delay the link".
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::Lose => "lose packets of",
        Action::Duplicate => "duplicate packets of",
        Action::Reorder => "reorder packets of",
        Action::Corrupt => "corrupt packets of",
        Action::Delay { .. } => "delay",
        Action::Rate { .. } => "limit the rate of",
    }
}

/// Returns an impairment with the seed that it has for the link with these names: of the lab, the
/// node and the network.
pub(super) fn checked(impairment: &Impairment, names: [&str; 3]) -> Result<Impairment, Failure> {
    let Impairment {
        packets,
        which,
        chance,
        action,
        seed,
        limit,
    } = impairment;
    if *chance > CERTAIN {
        return Err(Failure::new("a percentage is from 0 to 100"));
    }
    if matches!(which, Which::First(0) | Which::Every(0) | Which::Only(0)) {
        return Err(Failure::new("packets are counted from 1"));
    }
    if !LIMITS.contains(limit) {
        return Err(Failure::new(format!(
            "a link holds 1 to {MOST_LIMIT} packets, not {limit}"
        )));
    }
    match action {
        Action::Delay { by, jitter } if (*by).max(*jitter) > LONGEST_DELAY => {
            return Err(Failure::new(format!(
                "the longest delay is {} seconds",
                LONGEST_DELAY.as_secs()
            )));
        }
        Action::Delay { by, jitter } if by.saturating_add(*jitter) == Duration::ZERO => {
            return Err(Failure::new("the delay is 0"));
        }
        Action::Rate { bits } if *bits < LEAST_RATE => {
            return Err(Failure::new(format!(
                "the lowest rate is {LEAST_RATE} bits per second, not {bits}"
            )));
        }
        _ => {}
    }
    if packets.protocols.len() > MOST_PROTOCOLS || packets.contains.len() > MOST_BYTES {
        return Err(Failure::new(format!(
            "the filter is too long: at most {MOST_BYTES} bytes are sought"
        )));
    }
    Ok(Impairment {
        seed: Some(seed_of(*seed, names)),
        ..impairment.clone()
    })
}

/// Returns the seed of a link: the same on every machine and in every version.
fn seed_of(given: Option<u64>, [lab, node, network]: [&str; 3]) -> u64 {
    let number;
    let first = match given {
        Some(seed) => {
            number = seed.to_le_bytes();
            &number[..]
        }
        None => lab.as_bytes(),
    };
    // FNV-1a of 64 bits, with a byte between the parts that no name has.
    let parts = [first, node.as_bytes(), network.as_bytes()];
    let bytes = parts.into_iter().flat_map(|part| part.iter().chain(&[0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::filter::Filter;

    const NAMES: [&str; 3] = ["office", "a", "lan"];

    fn loss() -> Impairment {
        Impairment {
            packets: Filter::default(),
            which: Which::All,
            chance: CERTAIN,
            action: Action::Lose,
            seed: Some(7),
            limit: 1000,
        }
    }

    #[test]
    fn a_seed_is_the_links_own_and_stays_the_same() {
        let seed = |given, names| {
            let impairment = Impairment {
                seed: given,
                ..loss()
            };
            checked(&impairment, names).unwrap().seed.unwrap()
        };
        let seven = seed(Some(7), NAMES);
        assert_eq!(seven, seed(Some(7), NAMES));
        assert_eq!(seven, seed(Some(7), ["other", "a", "lan"]));
        assert_ne!(seven, seed(Some(8), NAMES));
        assert_ne!(seven, seed(Some(7), ["office", "b", "lan"]));
        assert_ne!(seven, seed(Some(7), ["office", "al", "an"]));
        let unset = seed(None, NAMES);
        assert_eq!(unset, seed(None, NAMES));
        assert_ne!(unset, seed(None, ["other", "a", "lan"]));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let delay = |by, jitter| Action::Delay { by, jitter };
        let hour = LONGEST_DELAY + Duration::from_millis(1);
        type Spoil = Box<dyn Fn(&mut Impairment)>;
        let cases: [(Spoil, &str); 8] = [
            (
                Box::new(|it| it.chance += 1),
                "a percentage is from 0 to 100",
            ),
            (
                Box::new(|it| it.which = Which::Only(0)),
                "packets are counted from 1",
            ),
            (
                Box::new(|it| it.limit = 0),
                "a link holds 1 to 100000 packets, not 0",
            ),
            (
                Box::new(move |it| it.action = delay(hour, Duration::ZERO)),
                "the longest delay is 3600 seconds",
            ),
            (
                Box::new(move |it| it.action = delay(Duration::ZERO, Duration::MAX)),
                "the longest delay is 3600 seconds",
            ),
            (
                Box::new(move |it| it.action = delay(Duration::ZERO, Duration::ZERO)),
                "the delay is 0",
            ),
            (
                Box::new(|it| it.action = Action::Rate { bits: 999 }),
                "the lowest rate is 1000 bits per second, not 999",
            ),
            (
                Box::new(|it| it.packets.contains = vec![0; 2000]),
                "the filter is too long: at most 1024 bytes are sought",
            ),
        ];
        for (spoil, words) in cases {
            let mut impairment = loss();
            spoil(&mut impairment);
            let failure = checked(&impairment, NAMES).unwrap_err();
            assert_eq!(failure.message, words);
        }
    }
}
