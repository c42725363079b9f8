//! What the daemon is told about a test at its end. Writes no file itself.

use super::conclusion::Conclusion;
use super::nodes::Nodes;
use super::reason;
use super::watch::Course;
use crate::client::{self, Lease};
use std::time::Duration;
use vm_test_protocol::record::{Record, RecordOutcome};

/// Tells the daemon what only this process knows.
///
/// Without a daemon nothing is recorded, which does not affect the test.
pub(super) fn tell(
    lease: &Lease,
    nodes: Option<&Nodes>,
    conclusion: &Conclusion,
    course: &Course,
    total: Duration,
) {
    let (outcome, words) = match conclusion {
        Conclusion::Passed => (RecordOutcome::Passed, None),
        Conclusion::Panicked(words) => (
            RecordOutcome::Panicked,
            reason::of_panic(words.as_deref(), course.seen.panics.last()),
        ),
        Conclusion::Failed(words) => (RecordOutcome::Failed, Some(words.clone())),
        Conclusion::NoVerdict(failure) => (RecordOutcome::NoVerdict, Some(failure.text())),
    };
    let (output, said) = match conclusion {
        Conclusion::Passed => (Vec::new(), Vec::new()),
        _ => (
            course.output.to_vec(),
            nodes.map(|nodes| nodes.journal.said()).unwrap_or_default(),
        ),
    };
    let ended = course.ended.as_ref();
    let times = nodes.map(|nodes| nodes.times.clone()).unwrap_or_default();
    // The nodes of a lab are asked for when it has its room.
    let alone = lease.took.saturating_sub(lease.granted.waited);
    client::record(Record {
        instance: lease.granted.instance.clone(),
        outcome,
        boot: times
            .iter()
            .map(|node| node.prepare + node.boot)
            .max()
            .unwrap_or(alone),
        process: ended.and_then(|ended| believable(ended.took, course.took)),
        body: ended.and_then(|ended| believable(ended.body?, course.took)),
        total,
        words: words.map(|words| words.chars().take(MOST_WORDS).collect()),
        output,
        said,
        nodes: times,
    });
}

/// A time by the guest's clock, unless that has gone wrong: all of it was here, too, and took no
/// longer.
fn believable(guest: Duration, here: Duration) -> Option<Duration> {
    (guest <= here + DRIFT).then_some(guest)
}

/// How much two clocks may differ.
const DRIFT: Duration = Duration::from_secs(1);

/// How many characters of a failure's message are sent.
const MOST_WORDS: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_says_that_it_took_longer_than_it_did_is_not_believed() {
        let here = Duration::from_secs(20);
        let close = Duration::from_millis(20_500);
        assert_eq!(believable(close, here), Some(close));
        assert_eq!(believable(Duration::from_secs(244), here), None);
        assert_eq!(believable(Duration::MAX, here), None);
    }
}
