//! Starts keepers, all from one thread that lives as long as the daemon: the kernel kills a keeper
//! when the thread that started it ends. Those of instances are copies of a process that is started
//! once. Knows no instance.

use super::keeper_exit::KeeperEnd;
use crate::host::idmaps::IdMaps;
use crate::host::refusal;
use crate::keeper::{self, Isolation, TrialReport, Zygote};
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::namespaces::Waiting;

/// How long a trial keeper may take.
const TRIAL_TIME: Duration = Duration::from_secs(10);

/// A request to start a keeper with these descriptors. That of an instance has a stream.
struct Order {
    role: &'static str,
    control: OwnedFd,
    stream: Option<OwnedFd>,
    isolation: Isolation,
    answer: Sender<Result<Waiting, Failure>>,
}

/// Sends orders to the spawner, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Spawner {
    orders: Sender<Option<Order>>,
}

/// Receives the orders.
pub(crate) struct Orders {
    orders: Receiver<Option<Order>>,
    maps: IdMaps,
    zygote: RefCell<Option<Zygote>>,
}

/// Returns both ends.
pub(crate) fn spawner(maps: IdMaps) -> (Spawner, Orders) {
    let (sender, receiver) = channel();
    let orders = Orders {
        orders: receiver,
        maps,
        zygote: RefCell::default(),
    };
    (Spawner { orders: sender }, orders)
}

impl Spawner {
    /// Starts a keeper in this role, which waits for its id maps.
    pub(super) fn start(
        &self,
        role: &'static str,
        control: OwnedFd,
        stream: Option<OwnedFd>,
        isolation: Isolation,
    ) -> Result<Waiting, Failure> {
        let (answer, answered) = channel();
        let order = Order {
            role,
            control,
            stream,
            isolation,
            answer,
        };
        let started = self.orders.send(Some(order)).ok();
        started
            .and_then(|()| answered.recv().ok())
            .unwrap_or_else(|| {
                let stopping = io::Error::other("the daemon is stopping");
                Err(refusal::of_namespaces(&stopping))
            })
    }
}

impl Spawner {
    /// Ends the spawner's wait for an order.
    pub(crate) fn wake(&self) {
        let _ = self.orders.send(None);
    }
}

impl Orders {
    /// Carries out an order that comes within `wait`; returns `false` if none came.
    pub(crate) fn serve_one(&self, wait: std::time::Duration) -> bool {
        let Ok(Some(order)) = self.orders.recv_timeout(wait) else {
            return false;
        };
        let (control, isolation) = (order.control.as_fd(), order.isolation);
        let started = match &order.stream {
            Some(stream) => self.copy(control, stream.as_fd(), isolation),
            None => keeper::start(order.role, control, None, isolation)
                .map_err(|error| refusal::of_namespaces(&error)),
        };
        // If the requester is gone, dropping the answer ends the keeper.
        let _ = order.answer.send(started);
        true
    }

    /// Starts the process that keepers are copies of, so that no lease waits for that. If it cannot
    /// be started, the first lease says why.
    pub(crate) fn make_ready(&self) {
        *self.zygote.borrow_mut() = self.start_zygote().ok();
    }

    fn start_zygote(&self) -> Result<Zygote, Failure> {
        Zygote::start(self.maps.passed_on(), |pid| self.maps.write(pid, 0))
    }

    /// Makes a keeper as a copy; if what it would be a copy of was killed, of another one.
    fn copy(
        &self,
        control: BorrowedFd<'_>,
        stream: BorrowedFd<'_>,
        isolation: Isolation,
    ) -> Result<Waiting, Failure> {
        use io::ErrorKind::{BrokenPipe, ConnectionReset};
        let refused = |error: io::Error| refusal::of_namespaces(&error);
        let mut zygote = self.zygote.borrow_mut();
        if let Some(zygote) = &*zygote {
            match zygote.copy(control, stream, isolation) {
                Err(error) if [BrokenPipe, ConnectionReset].contains(&error.kind()) => {}
                done => return done.map_err(refused),
            }
        }
        let fresh = zygote.insert(self.start_zygote()?);
        fresh.copy(control, stream, isolation).map_err(refused)
    }
}

#[cfg(test)]
impl Orders {
    /// Carries out the next order with a keeper made by `start` from its two sockets. Returns
    /// `false` once no more orders can come.
    pub(super) fn serve_with(&self, start: impl FnOnce(UnixStream, UnixStream) -> Waiting) -> bool {
        let Ok(Some(order)) = self.orders.recv() else {
            return false;
        };
        let stream = order
            .stream
            .expect("the keeper of an instance has a stream");
        let waiting = start(order.control.into(), stream.into());
        let _ = order.answer.send(Ok(waiting));
        true
    }
}

/// Checks whether this user may make the namespaces of a guest and mount in them, by doing it.
///
/// The ids are mapped by these maps, or without maps only root's.
///
/// # Errors
/// Why not, with a remedy.
pub fn try_namespaces(maps: Option<&IdMaps>) -> Result<(), Failure> {
    let (control, theirs) = UnixStream::pair().map_err(|error| {
        Failure::new(format!("cannot make a pair of sockets: {error}"))
            .because(Tried::Descriptor, &error)
    })?;
    let theirs = OwnedFd::from(theirs);
    let isolation = Isolation {
        user: true,
        network: true,
        keep_groups: false,
    };
    let waiting = keeper::start(keeper::TRIAL, theirs.as_fd(), None, isolation)
        .map_err(|error| refusal::of_namespaces(&error))?;
    drop(theirs);
    let mapped = match maps {
        Some(maps) => maps.write(waiting.pid, 0),
        None => IdMaps::of_this_user().write_root(waiting.pid),
    };
    let said = mapped.map(|()| report(&waiting, &control));
    let _ = pidfd_send_signal(&waiting.pidfd, Signal::KILL);
    let status = waitid(WaitId::PidFd(waiting.pidfd.as_fd()), WaitIdOptions::EXITED);
    match said? {
        Some(TrialReport(None)) => Ok(()),
        Some(TrialReport(Some(number))) => {
            let error = io::Error::from_raw_os_error(number);
            let failure = Failure::new(format!("cannot mount in a guest's namespaces: {error}"));
            Err(refusal::in_namespaces(failure, &error))
        }
        None => Err(KeeperEnd::of(status.ok().flatten().as_ref())
            .failure("cannot make the namespaces of a guest")),
    }
}

/// Lets a trial keeper go; returns its report, if there is one.
fn report(waiting: &Waiting, control: &UnixStream) -> Option<TrialReport> {
    waiting.go().ok()?;
    control.set_read_timeout(Some(TRIAL_TIME)).ok()?;
    frame::read(control).ok()?
}
