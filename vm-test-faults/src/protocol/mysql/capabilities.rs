//! What client and server agree on at the beginning, as far as it decides where replies end. This
//! file knows the bits, not the packets that they are in.

/// Results with warnings and SQLSTATE; without it a client is older than 2004.
const PROTOCOL_41: u64 = 1 << 9;
const COMPRESS: u64 = 1 << 5;
const SSL: u64 = 1 << 11;
const DEPRECATE_EOF: u64 = 1 << 24;
const OPTIONAL_METADATA: u64 = 1 << 25;
const ZSTD: u64 = 1 << 26;
const QUERY_ATTRIBUTES: u64 = 1 << 27;
/// A bit that MySQL always sets; MariaDB's own server does not, and then has 32 more.
const LONG_PASSWORD: u64 = 1;
/// MariaDB: definitions of a statement's columns are sent once.
const CACHE_METADATA: u64 = 1 << 36;

/// What the proxy does not carry, whatever its options.
const NOT_CARRIED: u64 = COMPRESS | OPTIONAL_METADATA | ZSTD;

/// A set of capabilities: the lower 32 bits are MySQL's, the upper ones MariaDB's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Capabilities(u64);

impl Capabilities {
    /// Returns the set of these bits; `extended` counts only where both ends are MariaDB's.
    pub(super) fn new(bits: u32, extended: u32) -> Self {
        let bits = u64::from(bits);
        let extended = if bits & LONG_PASSWORD == 0 {
            u64::from(extended) << 32
        } else {
            0
        };
        Self(bits | extended)
    }

    /// Returns what a client is offered of a server's set.
    pub(super) fn offered(self, with_tls: bool) -> Self {
        let tls = if with_tls { 0 } else { SSL };
        Self(self.0 & !NOT_CARRIED & !tls)
    }

    /// Returns MySQL's bits.
    pub(super) fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Returns what both ends have.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Tells whether a client insists on what it was not offered.
    pub(super) fn is_beyond_what_is_carried(self) -> bool {
        self.0 & NOT_CARRIED != 0
    }

    /// Tells whether the login asks for TLS.
    pub(super) fn asks_for_tls(self) -> bool {
        self.0 & SSL != 0
    }

    /// Tells whether packets are as they have been since MySQL 4.1.
    pub(super) fn is_current(self) -> bool {
        self.0 & PROTOCOL_41 != 0
    }

    /// Tells whether rows end with a packet like `OK`, and definitions without one.
    pub(super) fn has_no_eof(self) -> bool {
        self.0 & DEPRECATE_EOF != 0
    }

    /// Tells whether attributes may stand before the text of a query.
    pub(super) fn has_query_attributes(self) -> bool {
        self.0 & QUERY_ATTRIBUTES != 0
    }

    /// Tells whether a result says if the definitions of its columns follow.
    pub(super) fn says_whether_definitions_follow(self) -> bool {
        self.0 & CACHE_METADATA != 0
    }
}
