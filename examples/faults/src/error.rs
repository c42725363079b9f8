//! Everything that can go wrong, as text. Knows how a failure reads; must not decide when one
//! happens.

use std::io;

/// Why the shop could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The stock could not be read or changed.
    #[error("cannot use the stock: {0}\nhint: is MariaDB running on port 3306?")]
    Stock(#[from] mysql::Error),

    /// There is no server with this name.
    #[error("cannot use the cache: {0}\nhint: name a host, as in `db`")]
    Cache(#[from] redis::RedisError),

    /// The cache could not be asked, and the shop cannot do without it.
    #[error("cannot ask the cache: {0}\nhint: is Redis running on port 6379?")]
    Ask(#[from] io::Error),
}
