//! What the reply to a command looks like, as far as it is not just one value. Data only, packed
//! into the number that a request carries.

/// The three kinds of subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Channel,
    Pattern,
    Shard,
}

/// The reply that a command gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// One value.
    Value,
    /// `+OK`, and then a line for each command of other clients.
    Monitor,
    /// `+RESET`, behind which the connection is as new.
    Reset,
    /// A confirmation for each of so many topics.
    Subscribe(Topic, u64),
    /// The same; for 0, one for each topic that the client has, and at least one.
    Unsubscribe(Topic, u64),
}

impl Topic {
    const ALL: [Self; 3] = [Self::Channel, Self::Pattern, Self::Shard];

    fn number(self) -> u64 {
        match self {
            Self::Channel => 0,
            Self::Pattern => 1,
            Self::Shard => 2,
        }
    }
}

impl Expected {
    /// Returns what a command with so many words gets.
    pub(super) fn of(name: &str, words: u64) -> Self {
        let topics = words.saturating_sub(1);
        match name {
            "MONITOR" => Self::Monitor,
            "RESET" => Self::Reset,
            "SUBSCRIBE" => Self::Subscribe(Topic::Channel, topics),
            "PSUBSCRIBE" => Self::Subscribe(Topic::Pattern, topics),
            "SSUBSCRIBE" => Self::Subscribe(Topic::Shard, topics),
            "UNSUBSCRIBE" => Self::Unsubscribe(Topic::Channel, topics),
            "PUNSUBSCRIBE" => Self::Unsubscribe(Topic::Pattern, topics),
            "SUNSUBSCRIBE" => Self::Unsubscribe(Topic::Shard, topics),
            _ => Self::Value,
        }
    }

    pub(super) fn packed(self) -> u64 {
        match self {
            Self::Value => 0,
            Self::Monitor => 1,
            Self::Reset => 2,
            Self::Subscribe(topic, count) => (count << 8) | (topic.number() << 4) | 3,
            Self::Unsubscribe(topic, count) => (count << 8) | (topic.number() << 4) | 4,
        }
    }

    pub(super) fn unpacked(packed: u64) -> Self {
        let of_number = |topic: &&Topic| topic.number() == (packed >> 4) & 0xf;
        let topic = Topic::ALL.iter().find(of_number).copied();
        let topic = topic.unwrap_or(Topic::Channel);
        match packed & 0xf {
            1 => Self::Monitor,
            2 => Self::Reset,
            3 => Self::Subscribe(topic, packed >> 8),
            4 => Self::Unsubscribe(topic, packed >> 8),
            _ => Self::Value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        for name in [
            "GET",
            "MONITOR",
            "RESET",
            "SUBSCRIBE",
            "PSUBSCRIBE",
            "SSUBSCRIBE",
            "UNSUBSCRIBE",
            "PUNSUBSCRIBE",
            "SUNSUBSCRIBE",
        ] {
            for words in [1, 2, 1_000_000] {
                let expected = Expected::of(name, words);
                assert_eq!(Expected::unpacked(expected.packed()), expected, "{name}");
            }
        }
    }
}
