//! The address of a page, taken apart: whom to connect to, and what to ask for.

use std::net::Ipv6Addr;

/// The port of HTTP.
const PORT: &str = "80";

/// The parts of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// The host and the port to connect to.
    pub(super) to: String,
    /// What the `Host` field has.
    pub(super) host: String,
    /// The path, and what follows it.
    pub(super) path: String,
}

impl Url {
    /// Takes an address apart: `http://gw:8080/path?a=b`, without `http://` as well, or only a host.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = match text.split_once("://") {
            None => text,
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some(_) => return Err("only http:// is supported"),
        };
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        if host.is_empty() || host.contains('@') {
            return Err("it has no host, or a user's name");
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let path = format!("{slash}{path}");
        if host.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self {
                to: format!("[{host}]:{PORT}"),
                host: format!("[{host}]"),
                path,
            });
        }
        let name_end = host.rfind(']').map_or(0, |end| end + 1);
        let to = match host[name_end..].rsplit_once(':') {
            None => format!("{host}:{PORT}"),
            Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
            Some(_) => return Err("its port is no number from 0 to 65535"),
        };
        Ok(Self {
            to,
            host: host.to_owned(),
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, to, host, path) in [
            ("http://10.0.0.1/", "10.0.0.1:80", "10.0.0.1", "/"),
            ("10.0.0.1", "10.0.0.1:80", "10.0.0.1", "/"),
            ("gw:88/a/b?c#d", "gw:88", "gw:88", "/a/b?c"),
            ("HTTP://gw?c=/", "gw:80", "gw", "/?c=/"),
            ("http://[fd00::1]/", "[fd00::1]:80", "[fd00::1]", "/"),
            ("[fd00::1]:8080", "[fd00::1]:8080", "[fd00::1]:8080", "/"),
            ("fd00::1", "[fd00::1]:80", "[fd00::1]", "/"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((&*url.to, &*url.host, &*url.path), (to, host, path));
        }
        for text in ["https://gw", "http:///a", "a@gw", "gw:x", "gw:65536", ""] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
