//! The life of a proxy: starts with the first order, answers the others, and ends with its
//! connection to the keeper. It has no rights but to its sockets, since what it reads is hostile.

use super::messages::{FromProxy, Start, ToProxy};
use super::server::Server;
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};
use std::io::{self, stdin};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use vm_test_protocol::frame;

/// The argument that makes the program the proxy before a port.
pub const COMMAND: &str = "__port_proxy";

/// Runs a proxy in a process that was started for it.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "vm-test: the proxy before a port is started by a lab's keeper only: {error}"
            );
            ExitCode::FAILURE
        }
    }
}

/// Serves until the keeper closes the connection.
fn serve() -> io::Result<()> {
    let control = UnixStream::from(stdin().as_fd().try_clone_to_owned()?);
    give_up_rights()?;
    let mut server = None;
    while let Some(message) = frame::read(&control)? {
        let answer = match message {
            ToProxy::Start(start) => match begin(start) {
                Ok((begun, ports)) => {
                    server = Some(begun);
                    FromProxy::Listening(ports)
                }
                Err(cause) => FromProxy::Failed(cause),
            },
            ToProxy::Report => match &server {
                Some(server) => FromProxy::Report(server.report()),
                None => FromProxy::Failed("it has not begun".to_owned()),
            },
        };
        frame::write(&control, &answer)?;
    }
    Ok(())
}

fn begin(start: Start) -> Result<(Server, Vec<u16>), String> {
    let server = Server::start(start)?;
    let ports = server.ports().to_vec();
    Ok((server, ports))
}

/// Gives up all capabilities, and the way to get any.
///
/// # Errors
/// If the kernel refuses it.
pub fn give_up_rights() -> io::Result<()> {
    set_no_new_privs(true)?;
    let none = CapabilitySet::empty();
    set_capabilities(
        None,
        CapabilitySets {
            effective: none,
            permitted: none,
            inheritable: none,
        },
    )?;
    Ok(())
}
