//! Starts keepers, all from one thread that lives as long as the daemon: the kernel kills a keeper when the thread that
//! started it ends. Knows how a keeper is executed, not what it keeps.

use crate::host::idmaps::IdMaps;
use crate::host::refusal;
use crate::keeper;
use crate::sys::namespaces::{self, Program, Waiting};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use vm_test::protocol::failure::Failure;

/// Which namespaces a keeper gets besides those that every keeper gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Isolation {
    pub(super) user: bool,
    pub(super) network: bool,
    /// Whether the keeper stays in its user's groups.
    pub(super) keep_groups: bool,
}

/// What the spawner is asked for: a keeper with these descriptors.
struct Order {
    control: OwnedFd,
    stream: OwnedFd,
    isolation: Isolation,
    answer: Sender<io::Result<Waiting>>,
}

/// The way to the spawner, from any thread.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    orders: Sender<Order>,
}

/// The spawner's own end.
pub(super) struct Orders {
    orders: Receiver<Order>,
}

/// Both ends.
pub(super) fn spawner() -> (Spawner, Orders) {
    let (sender, receiver) = channel();
    (Spawner { orders: sender }, Orders { orders: receiver })
}

impl Spawner {
    /// Starts a keeper that waits for its id maps.
    pub(super) fn start(
        &self,
        control: OwnedFd,
        stream: OwnedFd,
        isolation: Isolation,
    ) -> Result<Waiting, Failure> {
        let (answer, answered) = channel();
        let order = Order {
            control,
            stream,
            isolation,
            answer,
        };
        self.orders
            .send(order)
            .ok()
            .and_then(|()| answered.recv().ok())
            .unwrap_or_else(|| Err(io::Error::other("the daemon is stopping")))
            .map_err(|error| refusal::of_namespaces(&error))
    }
}

impl Orders {
    /// Carries out orders that come within `wait`; false once `wait` has passed without one.
    pub(super) fn serve_one(&self, wait: std::time::Duration) -> bool {
        let Ok(order) = self.orders.recv_timeout(wait) else {
            return false;
        };
        // If the one who ordered is gone, the keeper goes with the answer.
        let _ = order
            .answer
            .send(start(&order.control, &order.stream, order.isolation));
        true
    }
}

fn start(control: &OwnedFd, stream: &OwnedFd, isolation: Isolation) -> io::Result<Waiting> {
    let null = std::fs::File::options()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    let errors = io::stderr();
    namespaces::start(&Program {
        // Not by name: a newer program may be at its place by now.
        path: c"/proc/self/exe".into(),
        args: vec![c"vm-test".into(), CString::new(keeper::COMMAND)?],
        environment: vec![
            c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
        ],
        descriptors: vec![
            null.as_fd(),
            null.as_fd(),
            errors.as_fd(),
            control.as_fd(),
            stream.as_fd(),
        ],
        user_namespace: isolation.user,
        network_namespace: isolation.network,
        keep_groups: isolation.keep_groups,
    })
}

/// Whether this host lets this user make the namespaces of a guest and, for one in a user namespace, map its ids as these
/// maps say; found out by doing it.
///
/// # Errors
/// Why not, and the cure.
pub fn try_namespaces(maps: Option<&IdMaps>) -> Result<(), Failure> {
    let (here, there) = std::os::unix::net::UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
    let waiting = start(
        &here.into(),
        &there.into(),
        Isolation {
            user: true,
            network: true,
            keep_groups: false,
        },
    )
    .map_err(|error| refusal::of_namespaces(&error))?;
    let mapped = maps.map_or(Ok(()), |maps| maps.write(waiting.pid, 0));
    let pidfd = waiting.pidfd.try_clone();
    // It exits unreleased.
    drop(waiting);
    if let Ok(pidfd) = pidfd {
        let _ = rustix::process::waitid(
            rustix::process::WaitId::PidFd(pidfd.as_fd()),
            rustix::process::WaitIdOptions::EXITED,
        );
    }
    mapped
}
