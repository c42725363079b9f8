//! Which of the server's values are the reply to a command, and which are sent unasked: messages of
//! channels, pushes of RESP3, lines of `MONITOR`.

use super::expected::{Expected, Topic};
use super::value::{Seen, ValueReader};
use crate::protocol::{Step, Taken, Violation};

/// The messages that a subscriber gets unasked.
const MESSAGES: &[&[u8]] = &[b"message", b"pmessage", b"smessage"];

/// What the server has said so far.
#[derive(Debug, Default)]
pub(super) struct Replies {
    reader: ValueReader,
    subscriptions: Subscriptions,
    is_monitoring: bool,
    /// How many confirmations the oldest command still gets, once the first has come.
    confirmations: Option<u64>,
}

/// How many subscriptions the client has, by redis' own count.
#[derive(Clone, Copy, Debug, Default)]
struct Subscriptions {
    channels: u64,
    patterns: u64,
    shards: u64,
}

/// A confirmation of a subscription or of its end.
struct Confirmation {
    topic: Topic,
    begins: bool,
}

impl Replies {
    /// Reads up to the end of a value; `expected` is what the oldest command waits for.
    pub(super) fn read(
        &mut self,
        expected: Option<Expected>,
        bytes: &[u8],
    ) -> Result<Step, Violation> {
        let (length, has_ended) = self.reader.read(bytes)?;
        if length == 0 {
            return Ok(Step::More);
        }
        let seen = *self.reader.seen();
        let ends = has_ended
            && match expected {
                Some(expected) => self.ends_reply(expected, &seen),
                None => {
                    self.is_unasked(&seen);
                    true
                }
            };
        Ok(Step::Taken(Taken {
            length,
            begins: None,
            ends,
        }))
    }

    /// Takes note of a value while a command waits; returns whether its reply ends with it.
    fn ends_reply(&mut self, expected: Expected, seen: &Seen) -> bool {
        let (topic, begins, topics) = match expected {
            Expected::Subscribe(topic, topics) => (topic, true, topics),
            Expected::Unsubscribe(topic, topics) => (topic, false, topics),
            _ => {
                if self.is_unasked(seen) {
                    return false;
                }
                self.take_note(expected, seen);
                return true;
            }
        };
        let confirmed = confirmation(seen);
        let is_own = confirmed.is_some_and(|own| own.topic == topic && own.begins == begins);
        if !is_own {
            // Anything but a message is the reply: an error, or QUEUED in a transaction.
            return !self.is_unasked(seen);
        }
        let before = self.subscriptions.of(topic);
        let all = if topics == 0 { before.max(1) } else { topics };
        let left = self.confirmations.unwrap_or(all).saturating_sub(1);
        self.subscriptions.take_note(seen);
        self.confirmations = (left > 0).then_some(left);
        left == 0
    }

    /// Returns whether the server sends this value unasked.
    fn is_unasked(&mut self, seen: &Seen) -> bool {
        match seen.kind {
            b'>' => {
                self.subscriptions.take_note(seen);
                true
            }
            // A subscriber of RESP2 may send hardly any command, and none with such a reply.
            b'*' => self.subscriptions.any() && MESSAGES.contains(&seen.word.as_bytes()),
            b'+' => {
                self.is_monitoring && seen.line.as_bytes().first().is_some_and(u8::is_ascii_digit)
            }
            _ => false,
        }
    }

    fn take_note(&mut self, expected: Expected, seen: &Seen) {
        match (expected, seen.kind) {
            (Expected::Monitor, b'+') if seen.line.as_bytes() == b"OK" => {
                self.is_monitoring = true;
            }
            (Expected::Reset, b'+') => {
                self.is_monitoring = false;
                self.subscriptions = Subscriptions::default();
            }
            _ => {}
        }
    }
}

impl Subscriptions {
    fn any(self) -> bool {
        self.channels > 0 || self.patterns > 0 || self.shards > 0
    }

    fn of(self, topic: Topic) -> u64 {
        match topic {
            Topic::Channel => self.channels,
            Topic::Pattern => self.patterns,
            Topic::Shard => self.shards,
        }
    }

    /// Takes the count out of a confirmation. Channels and patterns are counted together.
    fn take_note(&mut self, seen: &Seen) {
        let (Some(confirmation), Some(count)) = (confirmation(seen), seen.count()) else {
            return;
        };
        match confirmation.topic {
            Topic::Channel => self.channels = count.saturating_sub(self.patterns),
            Topic::Pattern => self.patterns = count.saturating_sub(self.channels),
            Topic::Shard => self.shards = count,
        }
    }
}

fn confirmation(seen: &Seen) -> Option<Confirmation> {
    if !matches!(seen.kind, b'*' | b'>') {
        return None;
    }
    let (topic, begins) = match seen.word.as_bytes() {
        b"subscribe" => (Topic::Channel, true),
        b"unsubscribe" => (Topic::Channel, false),
        b"psubscribe" => (Topic::Pattern, true),
        b"punsubscribe" => (Topic::Pattern, false),
        b"ssubscribe" => (Topic::Shard, true),
        b"sunsubscribe" => (Topic::Shard, false),
        _ => return None,
    };
    Some(Confirmation { topic, begins })
}
