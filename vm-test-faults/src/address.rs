//! Addresses as Toxiproxy's users write them, and its words for those that cannot be used. It opens
//! no socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Returns the address that a listener of this name has.
///
/// Without a host it is the loopback address: who wants all of them says `0.0.0.0` or `[::]`.
///
/// # Errors
///
/// Returns what is wrong with the address, in the words that Toxiproxy uses.
pub(crate) async fn resolve(listen: &str) -> Result<SocketAddr, String> {
    if listen.is_empty() {
        return Ok((Ipv4Addr::LOCALHOST, 0).into());
    }
    let (host, port) = split(listen)?;
    let number: u16 = match port.parse::<u64>() {
        Ok(number) => u16::try_from(number).map_err(|_| format!("address {port}: invalid port"))?,
        Err(_) if port.is_empty() => 0,
        Err(_) => return Err(format!("lookup tcp/{port}: unknown port")),
    };
    if host.is_empty() {
        return Ok((Ipv4Addr::LOCALHOST, number).into());
    }
    if let Ok(literal) = host.parse::<IpAddr>() {
        return Ok((literal, number).into());
    }
    let found = tokio::net::lookup_host((host, number)).await;
    let found: Vec<SocketAddr> = found.into_iter().flatten().collect();
    let preferred = found.iter().find(|address| address.is_ipv4());
    let preferred = preferred.or_else(|| found.first()).copied();
    preferred.ok_or_else(|| format!("lookup {host}: no such host"))
}

/// Returns where a connection to this server goes; without a host, to the loopback address.
pub(crate) fn of_server(upstream: &str) -> String {
    match upstream.strip_prefix(':') {
        Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
        None => upstream.to_owned(),
    }
}

/// Splits `host:port`; an IPv6 address stands in brackets.
fn split(address: &str) -> Result<(&str, &str), String> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Err(format!("address {address}: missing port in address"));
    };
    if let Some(inner) = host.strip_prefix('[') {
        return match inner.strip_suffix(']') {
            Some(inner) => Ok((inner, port)),
            None => Err(format!("address {address}: missing port in address")),
        };
    }
    if host.contains(':') {
        return Err(format!("address {address}: too many colons in address"));
    }
    Ok((host, port))
}

/// Returns what the system says, without its number and with a small first letter.
pub(crate) fn told(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_resolved_and_bound_to_loopback_unless_told_otherwise() {
        for (listen, expected) in [
            ("", "127.0.0.1:0"),
            (":80", "127.0.0.1:80"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::]:80", "[::]:80"),
            ("[::1]:0", "[::1]:0"),
        ] {
            assert_eq!(resolve(listen).await.unwrap().to_string(), expected);
        }
        for (listen, error) in [
            ("local373", "address local373: missing port in address"),
            ("::1:80", "address ::1:80: too many colons in address"),
            ("a:99999", "address 99999: invalid port"),
            ("a:b", "lookup tcp/b: unknown port"),
        ] {
            assert_eq!(resolve(listen).await, Err(error.to_owned()));
        }
    }
}
