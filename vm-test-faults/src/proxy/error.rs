//! Why a proxy cannot be started or found, in Toxiproxy's words.

use thiserror::Error;

/// What went wrong with a proxy.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProxyError {
    /// There is none of this name.
    #[error("proxy not found")]
    NotFound,
    /// There is one of this name already.
    #[error("proxy already exists")]
    AlreadyExists,
    /// It cannot listen; the text says where and why.
    #[error("{0}")]
    Start(String),
}
