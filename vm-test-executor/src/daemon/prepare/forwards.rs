//! Ports of a guest at the host's loopback: takes them. Carries nothing.

use super::super::instance::cannot;
use crate::config::Guest;
use std::io;
use std::net::{SocketAddr, SocketAddrV4, TcpListener};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::forwarded::Forwarded;

/// A port of the host that is taken, and the one of the guest that it stands for.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) forwarded: Forwarded,
    pub(super) listener: TcpListener,
}

/// Takes the ports that a guest forwards.
///
/// # Errors
/// If somebody else has one of them.
pub(super) fn take(guest: &Guest) -> Result<Vec<Taken>, Failure> {
    let each = guest.forward.iter().map(|forward| {
        let wanted = SocketAddrV4::new(forward.address, forward.host.unwrap_or(0));
        let taken = TcpListener::bind(wanted).and_then(|listener| match listener.local_addr()? {
            SocketAddr::V4(at) => Ok((listener, at)),
            SocketAddr::V6(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
        });
        let (listener, at) = taken.map_err(|error| {
            let cause = format!("it cannot forward its port {} to {wanted}: {error}", forward.guest);
            let failure = cannot(guest, &cause).because(Tried::Descriptor, &error);
            match (error.kind(), forward.host) {
                (io::ErrorKind::AddrInUse, Some(_)) => failure.hint(format!(
                    "another test or program has that port: leave it out, as in `forward = [\"{}\"]`, and any free one is taken",
                    forward.guest
                )),
                (io::ErrorKind::PermissionDenied, Some(_)) => {
                    failure.hint("ports below 1024 are root's: take a higher one")
                }
                _ => failure,
            }
        })?;
        let port = forward.guest;
        Ok(Taken {
            forwarded: Forwarded { port, at },
            listener,
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_settings::forward::Forward;

    #[test]
    fn a_port_that_somebody_has_is_named_and_any_other_is_taken() {
        let mut guest = Guest::new("web").unwrap();
        let other = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        guest.forward = vec![Forward::read(&format!("{port}:80")).unwrap()];
        let failure = take(&guest).unwrap_err();
        assert_eq!(
            failure.message,
            format!(
                "cannot start guest `web`: it cannot forward its port 80 to 127.0.0.1:{port}: Address already in use (os error 98)"
            )
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some(
                "another test or program has that port: leave it out, as in `forward = [\"80\"]`, and any free one is taken"
            )
        );
        guest.forward = vec![Forward::read("80").unwrap(), Forward::read("80").unwrap()];
        let taken = take(&guest).unwrap();
        let [one, two] = [0, 1].map(|number: usize| taken[number].forwarded.at);
        assert!(one.ip().is_loopback() && one.port() != 0);
        assert_ne!(one, two);
    }
}
