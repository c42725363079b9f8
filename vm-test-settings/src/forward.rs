//! A port of a guest at the host's loopback, as users write it. Opens none.

use crate::refusal::Refusal;
use std::fmt::{self, Display, Formatter};
use std::net::Ipv4Addr;

/// A TCP port of a guest, and where the host has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The address on the host: one of the loopback.
    pub address: Ipv4Addr,
    /// The port on the host; any that is free if there is none.
    pub host: Option<u16>,
    /// The port in the guest.
    pub guest: u16,
}

const HINT: &str =
    "write the guest's port, as in `\"8080\"`, or the host's before it, as in `\"18080:8080\"`";
const HINT_ADDRESS: &str =
    "a port is forwarded to this host alone: leave the address out, or write `127.0.0.1`";

impl Forward {
    /// Reads `GUEST`, `HOST:GUEST` or `ADDRESS:HOST:GUEST`.
    ///
    /// # Errors
    /// If it is none of these, a port is not between 1 and 65535, or the address is not one of the
    /// host's loopback.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split(':').collect();
        let (address, host, guest) = match parts.as_slice() {
            [guest] => (None, None, guest),
            [host, guest] => (None, Some(host), guest),
            [address, host, guest] => (Some(address), Some(host), guest),
            _ => {
                let shown = text.escape_debug();
                return Err(Refusal::new(format!("`{shown}` is no port"), HINT));
            }
        };
        Ok(Self {
            address: address.map_or(Ok(Ipv4Addr::LOCALHOST), |text| loopback(text))?,
            host: host.map(|text| port(text)).transpose()?,
            guest: port(guest)?,
        })
    }
}

impl Display for Forward {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            host,
            guest,
        } = self;
        match host {
            None => write!(to, "{guest}"),
            Some(host) if *address == Ipv4Addr::LOCALHOST => write!(to, "{host}:{guest}"),
            Some(host) => write!(to, "{address}:{host}:{guest}"),
        }
    }
}

fn port(text: &str) -> Result<u16, Refusal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| *port != 0 && is_plain);
    port.ok_or_else(|| {
        let shown = text.escape_debug();
        Refusal::new(format!("`{shown}` is not a port from 1 to 65535"), HINT)
    })
}

fn loopback(text: &str) -> Result<Ipv4Addr, Refusal> {
    let address = text.parse().ok().filter(Ipv4Addr::is_loopback);
    address.ok_or_else(|| {
        let shown = text.escape_debug();
        let cause = format!("`{shown}` is not an IPv4 address of the loopback");
        Refusal::new(cause, HINT_ADDRESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_shown_as_it_is_read() {
        for text in ["8080", "18080:8080", "127.0.0.2:18080:8080", "65535:1"] {
            assert_eq!(Forward::read(text).unwrap().to_string(), text);
        }
        let same = Forward::read("127.0.0.1:18080:8080").unwrap();
        assert_eq!(same, Forward::read("18080:8080").unwrap());
    }

    #[test]
    fn every_wrong_port_has_its_cause() {
        for (text, cause, hint) in [
            ("", "`` is not a port from 1 to 65535", HINT),
            ("0", "`0` is not a port from 1 to 65535", HINT),
            ("65536", "`65536` is not a port from 1 to 65535", HINT),
            ("+80", "`+80` is not a port from 1 to 65535", HINT),
            ("http", "`http` is not a port from 1 to 65535", HINT),
            ("8080:", "`` is not a port from 1 to 65535", HINT),
            ("1:2:3:4", "`1:2:3:4` is no port", HINT),
            ("[::1]:80:80", "`[::1]:80:80` is no port", HINT),
            (
                "0.0.0.0:80:80",
                "`0.0.0.0` is not an IPv4 address of the loopback",
                HINT_ADDRESS,
            ),
            (
                "localhost:80:80",
                "`localhost` is not an IPv4 address of the loopback",
                HINT_ADDRESS,
            ),
            (
                "192.168.1.2:80:80",
                "`192.168.1.2` is not an IPv4 address of the loopback",
                HINT_ADDRESS,
            ),
        ] {
            let refusal = Forward::read(text).unwrap_err();
            assert_eq!((&*refusal.cause, &*refusal.hint), (cause, hint), "{text}");
        }
    }
}
