//! Errors of starting a proxy for a test.

use std::io;

use thiserror::Error;

use crate::protocol::Unsupported;
use crate::proxy::ProxyError;

/// Why a proxy for a test could not be started.
#[derive(Debug, Error)]
pub enum FaultsError {
    /// The threads that carry connections cannot be started.
    #[error("cannot start the threads of the proxies: {0}")]
    Threads(#[source] io::Error),
    /// The protocol cannot say an error that was asked for.
    #[error("cannot use the proxy before {upstream}: {source}")]
    Unsupported {
        /// The server's address.
        upstream: String,
        /// The error, and why.
        source: Unsupported,
    },
    /// What was asked for contradicts itself.
    #[error("cannot use the proxy before {upstream}: {mistake}")]
    Mistake {
        /// The server's address.
        upstream: String,
        /// What is wrong, and a hint.
        mistake: String,
    },
    /// The proxy cannot listen.
    #[error("cannot start the proxy before {upstream}: {source}")]
    Start {
        /// The server's address.
        upstream: String,
        /// Why not.
        source: ProxyError,
    },
    /// The threads that carry connections have ended.
    #[error("cannot use a proxy whose threads have ended")]
    Ended,
}
