//! Addresses with ports, in the forms in which a test has them at hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What a client connects or sends to: `"10.1.0.2:80"`, `"gw:80"`, `("gw", 80)`, an IP address with
/// a port, or a socket address. Names are found on the node that connects.
pub trait Endpoint {
    /// Returns it as text, as in `10.1.0.2:80`.
    fn endpoint(&self) -> String;
}

/// What a server listens at: a port, which is open on all networks, or an address with a port. Port
/// 0 is any free one.
pub trait Listen {
    /// Returns the address, or the text that is none.
    ///
    /// # Errors
    /// If it is a text that has no IP address with a port.
    fn listen(&self) -> Result<SocketAddr, String>;
}

macro_rules! as_text {
    ($($of:ty),*) => {$(
        impl Endpoint for $of {
            fn endpoint(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

as_text!(
    &str,
    String,
    &String,
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6
);

macro_rules! with_port {
    ($($address:ty),*) => {$(
        impl Endpoint for ($address, u16) {
            fn endpoint(&self) -> String {
                SocketAddr::new(self.0.into(), self.1).to_string()
            }
        }
    )*};
}

with_port!(IpAddr, Ipv4Addr, Ipv6Addr);

impl Endpoint for (&str, u16) {
    fn endpoint(&self) -> String {
        match self.0.parse::<Ipv6Addr>() {
            Ok(address) => (address, self.1).endpoint(),
            Err(_) => format!("{}:{}", self.0, self.1),
        }
    }
}

impl<E: Endpoint> Listen for E {
    fn listen(&self) -> Result<SocketAddr, String> {
        let text = self.endpoint();
        text.parse().map_err(|_| text)
    }
}

impl Listen for u16 {
    fn listen(&self) -> Result<SocketAddr, String> {
        Ok((Ipv6Addr::UNSPECIFIED, *self).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A literal is a port without its type.
    fn listen(at: impl Listen) -> Result<SocketAddr, String> {
        at.listen()
    }

    #[test]
    fn all_forms_mean_the_same() {
        let v4: IpAddr = [10, 1, 0, 2].into();
        let socket = SocketAddr::new(v4, 80);
        let forms: [&dyn Endpoint; 6] = [
            &"10.1.0.2:80",
            &"10.1.0.2:80".to_owned(),
            &("10.1.0.2", 80),
            &(v4, 80),
            &(Ipv4Addr::new(10, 1, 0, 2), 80),
            &socket,
        ];
        for form in forms {
            assert_eq!(form.endpoint(), "10.1.0.2:80");
        }
        let v6: IpAddr = "fd00::1".parse().unwrap();
        let forms: [&dyn Endpoint; 3] = [&"[fd00::1]:80", &("fd00::1", 80), &(v6, 80)];
        for form in forms {
            assert_eq!(form.endpoint(), "[fd00::1]:80");
        }
        assert_eq!(("gw", 80).endpoint(), "gw:80");
        assert_eq!(socket.listen(), Ok(socket));
        assert_eq!(listen(80).unwrap().to_string(), "[::]:80");
        assert_eq!("gw:80".listen(), Err("gw:80".to_owned()));
    }
}
