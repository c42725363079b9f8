//! Everything that can go wrong, as text. Knows how a failure reads; must not decide when one
//! happens.

use std::{fmt, io};

/// Why a firewall could not be changed.
///
/// `Debug` prints the same as `Display`: a test that unwraps a result then shows nft's message line
/// by line, with the marker under the offending token, and not one long escaped string.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table's name would change the script's meaning.
    #[error(
        "cannot name a table `{0}`: it may hold only letters, digits and `_`\nhint: try `firewall`"
    )]
    Name(String),

    /// The target would change the script's meaning.
    #[error(
        "cannot forward to `{0}`: it may hold only letters, digits, `.`, `:` and `-`\nhint: write it as `10.1.0.2:8080`"
    )]
    Target(String),

    /// The program `nft` could not be run.
    #[error("cannot run nft: {0}\nhint: install the package nftables and have nft on the PATH")]
    Run(#[source] io::Error),

    /// nft ran and refused the script; nothing was changed.
    #[error("cannot load the rules: nft says\n{said}\nhint: {}", cure(said))]
    Refused {
        /// What nft wrote to its standard error.
        said: String,
    },

    /// The rules are loaded, but the kernel does not forward packets between interfaces.
    #[error("cannot switch on IPv4 forwarding: {0}\nhint: {path} must be writable, which takes root", path = crate::kernel::IP_FORWARD)]
    Forwarding(#[source] io::Error),
}

/// Returns the hint for nft's message.
fn cure(said: &str) -> &'static str {
    if said.contains("Operation not permitted") {
        "become root: only root may change the machine's rules"
    } else {
        "correct what nft marks; it loads all of a script or nothing, so nothing was changed"
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unwrapped_refusal_shows_nfts_words_as_nft_laid_them_out() {
        let said = "Error: Service out of range\n10.1.0.2:99999\n         ^^^^^".to_owned();
        assert_eq!(
            format!("{:?}", Error::Refused { said }),
            "cannot load the rules: nft says\n\
             Error: Service out of range\n10.1.0.2:99999\n         ^^^^^\n\
             hint: correct what nft marks; it loads all of a script or nothing, so nothing was changed"
        );
    }

    #[test]
    fn whoever_is_not_root_is_told_to_become_root() {
        let said =
            "netlink: Error: cache initialization failed: Operation not permitted".to_owned();
        assert!(
            Error::Refused { said }
                .to_string()
                .ends_with("hint: become root: only root may change the machine's rules")
        );
    }
}
