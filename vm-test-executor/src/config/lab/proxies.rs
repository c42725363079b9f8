//! Where the proxies of a lab are on its networks.

use super::addresses;
use super::topology::{Addresses, Lab};
use vm_test_protocol::failure::Failure;

impl Lab {
    /// Returns the addresses of the lab's proxies on the network with this number.
    ///
    /// # Errors
    /// If there is no such network.
    pub fn proxy_on(&self, network: usize) -> Result<Addresses, Failure> {
        let known = network < self.networks.len();
        let number = u8::try_from(network).ok().filter(|_| known);
        let number = number.ok_or_else(|| Failure::new("the lab has no such network"))?;
        Ok(addresses::of_proxy(number))
    }
}
