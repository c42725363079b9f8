//! What becomes of a client's wish to go on in TLS. This file names the choice only; what is said to
//! the client is up to the protocol.

/// What becomes of a client's wish to go on in TLS within the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// The server's offer is taken out of what the client sees, and a client that asks all the same
    /// is told in the protocol's words that there is none.
    #[default]
    Refused,
    /// The offer and the request pass. From there on the proxy understands nothing more of the
    /// connection: it passes bytes, without errors of the protocol.
    PassedThrough,
}
