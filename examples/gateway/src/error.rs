//! Everything that can go wrong, as text. Knows how a failure reads; must not decide when one
//! happens.

use std::io;

/// Why this host could not be made a gateway.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program could not be run.
    #[error("cannot run {program}: {source}\nhint: install the package {package}")]
    Run {
        /// The program.
        program: &'static str,
        /// The package that has it.
        package: &'static str,
        /// The reason.
        source: io::Error,
    },

    /// A program refused what it was asked for.
    #[error("cannot change this host: {program} says\n{said}\nhint: this takes root")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it wrote to its standard error.
        said: String,
    },

    /// The rules are loaded, but the kernel does not forward packets between interfaces.
    #[error("cannot switch on IPv4 forwarding: {0}\nhint: this takes root")]
    Forwarding(#[source] io::Error),
}
