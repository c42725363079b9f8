//! A port of a guest at the host's loopback: a process without rights in the guest's network, which
//! carries connections that it gets from the host to the port. It reads nothing of what they carry.

use crate::backend::STREAM;
use crate::proxy::give_up_rights;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io::{self, stdin, stdout};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use vm_test_sys::inherited;

/// The argument that makes the program carry a port. The number of the port follows; standard input
/// listens on the host, and standard output is the guest's network namespace.
pub const FORWARD: &str = "__forward";

/// How many connections are carried at a time.
const MOST: usize = 64;

/// How long to wait where a connection cannot be accepted: there are no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Starts what carries a port. It ends with this keeper, which is the first process of its namespace.
pub(super) fn start(listener: OwnedFd, namespace: &OwnedFd, port: u16) -> io::Result<()> {
    Command::new("/proc/self/exe")
        .args([FORWARD, &port.to_string()])
        .env_clear()
        .stdin(Stdio::from(listener))
        .stdout(Stdio::from(namespace.try_clone()?))
        .stderr(Stdio::null())
        .spawn()?;
    Ok(())
}

/// Carries a port in a process that was started for it. It ends with the keeper that started it.
pub fn forward_main() -> ExitCode {
    // It is the agent's. As long as anybody has it, its end does not show.
    drop(inherited::take(STREAM));
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test: a port is carried for a guest's keeper only: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let port = std::env::args().nth(2).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or(io::ErrorKind::InvalidInput)?;
    let listener = TcpListener::from(stdin().as_fd().try_clone_to_owned()?);
    let network = Some(LinkNameSpaceType::Network);
    move_into_link_name_space(stdout().as_fd(), network)?;
    give_up_rights()?;
    let carried = Arc::new(());
    for connection in listener.incoming() {
        let Ok(connection) = connection else {
            thread::sleep(PAUSE);
            continue;
        };
        let one = Arc::clone(&carried);
        // Dropped, a connection is closed.
        if Arc::strong_count(&carried) > MOST + 1 {
            continue;
        }
        let _ = thread::Builder::new().spawn(move || {
            let _ = carry(&connection, port);
            drop(one);
        });
    }
    Ok(())
}

/// Carries one connection until both ends are done with it.
fn carry(host: &TcpStream, port: u16) -> io::Result<()> {
    let guest = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .or_else(|_| TcpStream::connect((Ipv6Addr::LOCALHOST, port)))?;
    thread::scope(|scope| {
        scope.spawn(|| pass(&guest, host));
        pass(host, &guest);
    });
    Ok(())
}

/// Passes on what comes, and its end.
fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    if io::copy(&mut from, &mut to).is_err() {
        // Nobody takes it any more.
        let _ = from.shutdown(Shutdown::Both);
    }
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn both_directions_are_carried_each_to_its_end() {
        let [outer, inner] = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let (at, port) = (
            outer.local_addr().unwrap(),
            inner.local_addr().unwrap().port(),
        );
        thread::scope(|scope| {
            scope.spawn(|| carry(&outer.accept().unwrap().0, port));
            scope.spawn(|| {
                let (mut served, _) = inner.accept().unwrap();
                let mut asked = String::new();
                served.read_to_string(&mut asked).unwrap();
                served.write_all(asked.to_uppercase().as_bytes()).unwrap();
            });
            let mut client = TcpStream::connect(at).unwrap();
            client.write_all(b"hello").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "HELLO");
        });
    }

    #[test]
    fn a_connection_to_a_port_where_nobody_listens_is_closed() {
        let outer = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (at, port) = (
            outer.local_addr().unwrap(),
            unused.local_addr().unwrap().port(),
        );
        drop(unused);
        let mut client = TcpStream::connect(at).unwrap();
        let error = carry(&outer.accept().unwrap().0, port).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}
