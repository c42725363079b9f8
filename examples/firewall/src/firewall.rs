//! What a user can say. Brings a rule and the machine together; must know neither nft's grammar nor
//! how it runs.

use crate::{Error, machine, rules};

/// The rules in one nftables table of this machine. The value is only the table's name: the kernel
/// holds the rules, so they outlive it, and two values of one name speak of the same rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    table: String,
    masquerade: bool,
}

impl Firewall {
    /// The firewall whose rules are in the table `table`, apart from those of every other table.
    pub fn new(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            masquerade: false,
        }
    }

    /// Makes the forwards said from now on hide the client's address behind this machine's own.
    ///
    /// Needed when the server's way back to the client does not lead through this machine, as when
    /// the two share a network. The price is that the server no longer sees who is asking.
    #[must_use]
    pub fn masquerade(self) -> Self {
        Self {
            masquerade: true,
            ..self
        }
    }

    /// Sends whoever comes to TCP port `port` of this machine to `target`, and switches on IPv4
    /// forwarding.
    ///
    /// `target` is an address with or without a port, such as `10.1.0.2:8080`; nft also understands
    /// names. A later forward of the same port replaces this one.
    pub fn forward(&self, port: u16, target: &str) -> Result<(), Error> {
        machine::load(&rules::forward(&self.table, port, target, self.masquerade)?)?;
        machine::switch_on_forwarding()
    }

    /// Refuses whoever comes to TCP port `port` of this machine over a network, forwarded or not.
    /// Programs on this machine still reach it over loopback.
    pub fn block(&self, port: u16) -> Result<(), Error> {
        machine::load(&rules::block(&self.table, port)?)
    }

    /// Takes back every forward and every block of this table. IPv4 forwarding stays as it is,
    /// because others may have come to rely on it.
    pub fn reset(&self) -> Result<(), Error> {
        machine::load(&rules::reset(&self.table)?)
    }
}

/// The firewall in the table `firewall`, of which the functions of this crate speak.
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
