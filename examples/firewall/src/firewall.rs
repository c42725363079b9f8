//! The interface for users. Brings rules and the host together; must know neither nft's grammar nor
//! how nft is run.

use crate::{Error, machine, rules};

/// The rules in one nftables table of this host.
///
/// The value is only the table's name: the kernel holds the rules, so they outlive it, and two
/// values with the same name refer to the same rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    table: String,
    masquerade: bool,
}

impl Firewall {
    /// Returns the firewall whose rules are in the table `table`, separate from those of every
    /// other table.
    pub fn new(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            masquerade: false,
        }
    }

    /// Makes forwards from now on hide the client's address behind this host's own.
    ///
    /// This is needed when the server's route to the client does not lead through this host, as
    /// when the two share a network. The price is that the server no longer sees the client's
    /// address.
    #[must_use]
    pub fn masquerade(self) -> Self {
        Self {
            masquerade: true,
            ..self
        }
    }

    /// Forwards connections to TCP port `port` of this host to `target`, and enables IPv4
    /// forwarding.
    ///
    /// `target` is an address with or without a port, such as `10.1.0.2:8080`; nft also understands
    /// names. A later forward of the same port replaces this one.
    pub fn forward(&self, port: u16, target: &str) -> Result<(), Error> {
        machine::load(&rules::forward(&self.table, port, target, self.masquerade)?)?;
        machine::switch_on_forwarding()
    }

    /// Rejects connections to TCP port `port` of this host over a network, forwarded or not.
    ///
    /// Programs on this host still reach it over loopback.
    pub fn block(&self, port: u16) -> Result<(), Error> {
        machine::load(&rules::block(&self.table, port)?)
    }

    /// Removes every forward and every block of this table.
    ///
    /// IPv4 forwarding is left unchanged, because others may rely on it.
    pub fn reset(&self) -> Result<(), Error> {
        machine::load(&rules::reset(&self.table)?)
    }
}

/// The firewall in the table `firewall`, which the functions of this crate use.
impl Default for Firewall {
    fn default() -> Self {
        Self::new("firewall")
    }
}

/// [`Firewall::forward`] of the default firewall.
pub fn forward(port: u16, target: &str) -> Result<(), Error> {
    Firewall::default().forward(port, target)
}

/// [`Firewall::block`] of the default firewall.
pub fn block(port: u16) -> Result<(), Error> {
    Firewall::default().block(port)
}

/// [`Firewall::reset`] of the default firewall.
pub fn reset() -> Result<(), Error> {
    Firewall::default().reset()
}
