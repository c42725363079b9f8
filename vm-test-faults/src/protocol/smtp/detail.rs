//! What a request keeps for its reply, in the one number that it can carry.

/// What a request is, as far as it matters for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// The server's greeting.
    Greeting,
    /// A command with one reply.
    Command,
    /// `EHLO`: its reply lists the server's extensions.
    Hello,
    /// `DATA`: a message follows if the reply says so.
    Data,
    /// The message behind `DATA`.
    Message,
    /// `BDAT`: a part of a message is in the request.
    Chunk,
    /// `AUTH`, or what is said within it: the reply may ask for more.
    Authentication,
    /// `STARTTLS`: TLS follows if the reply says so.
    Tls,
}

/// A request's kind, and its number among the requests of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) kind: Kind,
    pub(super) number: u64,
}

impl Detail {
    pub(super) fn pack(self) -> u64 {
        self.number << 8 | u64::from(self.kind as u8)
    }

    pub(super) fn unpack(detail: u64) -> Self {
        let all = [
            Kind::Greeting,
            Kind::Command,
            Kind::Hello,
            Kind::Data,
            Kind::Message,
            Kind::Chunk,
            Kind::Authentication,
            Kind::Tls,
        ];
        let number = detail.to_le_bytes()[0];
        let kind = all.into_iter().find(|kind| *kind as u8 == number);
        Self {
            kind: kind.unwrap_or(Kind::Command),
            number: detail >> 8,
        }
    }
}
