//! The daemon's socket: who may talk to it, and what each request leads to.

use super::lease::{self, Host, attach};
use rustix::net::sockopt::socket_peercred;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::{ExitReport, Greeting, LeaseRequest, Reply, Request, Welcome};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{LabRequest, OfLab};
use vm_test_protocol::status::Status;
use vm_test_protocol::{PROTOCOL, frame};

/// How long a client may take to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The same if all other clients wait meanwhile.
const ALONE_TIMEOUT: Duration = Duration::from_secs(1);

/// What the socket's threads share with the daemon's main loop.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) host: Host,
    pub(super) began: Instant,
}

impl Desk {
    /// Makes the daemon stop.
    ///
    /// From now on no connection is admitted. A client without an instance sees the end of the
    /// stream, and turns to the next daemon.
    pub(super) fn leave(&self) {
        self.host.gate.close();
        self.host.admission.wake();
        self.host.tools.spawner.wake();
    }
}

/// Accepts connections until the daemon stops, each in its own thread.
pub(super) fn listen(desk: &Arc<Desk>, listener: &UnixListener) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            if desk.host.gate.is_closed() {
                return;
            }
            // Too many open descriptors: some must be closed first.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let user = socket_peercred(&stream).map(|peer| peer.uid);
        if user != Ok(rustix::process::getuid()) {
            continue;
        }
        let mine = Arc::clone(desk);
        let stream = Arc::new(stream);
        let theirs = Arc::clone(&stream);
        let serve = move || {
            if let Some(_served) = mine.host.gate.enter() {
                serve(&mine, &theirs);
            }
        };
        if let Err(error) = std::thread::Builder::new().spawn(serve)
            && let Some(_served) = desk.host.gate.enter()
        {
            serve_alone(desk, &stream, &error);
        }
    }
}

/// Serves a client without a thread: answers what can be answered at once, and refuses everything
/// else.
fn serve_alone(desk: &Desk, stream: &UnixStream, error: &io::Error) {
    // All others wait meanwhile.
    let _ = stream.set_read_timeout(Some(ALONE_TIMEOUT));
    let Some(request) = receive(stream) else {
        return;
    };
    let reply = answer(desk, request).unwrap_or_else(|_| {
        let cause = format!("the daemon cannot start a thread for this request: {error}");
        Reply::Refused(Failure::new(cause).because(Tried::Process, error))
    });
    let _ = frame::write(stream, &reply);
}

/// Receives a client's request, if its version is the same.
fn receive(stream: &UnixStream) -> Option<Request> {
    let greeting = frame::read::<Greeting>(stream).ok()??;
    let welcome = Welcome {
        protocol: PROTOCOL,
        pid: std::process::id(),
    };
    frame::write(stream, &welcome).ok()?;
    (greeting.protocol == PROTOCOL).then(|| frame::read(stream).ok()?)?
}

fn serve(desk: &Desk, stream: &UnixStream) {
    let _ = stream.set_read_timeout(Some(REQUEST_TIMEOUT));
    let Some(request) = receive(stream) else {
        return;
    };
    match answer(desk, request) {
        Ok(reply) => {
            let _ = frame::write(stream, &reply);
        }
        Err(Lasting::Lease(request)) => lease::serve(&desk.host, stream, &request),
        Err(Lasting::Lab(request)) => lease::serve_lab(&desk.host, stream, &request),
        Err(Lasting::Keep(instance)) => lease::keep(&desk.host, stream, &instance),
        Err(Lasting::KeepLab(lab)) => lease::keep_lab(&desk.host, stream, &lab),
        Err(Lasting::Attach(instance)) => attach::serve(&desk.host, stream, &instance),
    }
}

/// A request that takes as long as its client wants.
enum Lasting {
    Lease(Box<LeaseRequest>),
    Lab(Box<LabRequest>),
    Keep(String),
    KeepLab(String),
    Attach(String),
}

/// Returns the answer to a request, or the request if it takes longer.
fn answer(desk: &Desk, request: Request) -> Result<Reply, Lasting> {
    let registry = &desk.host.registry;
    Ok(match request {
        Request::Lease(request) => return Err(Lasting::Lease(request)),
        Request::Lab(request) => return Err(Lasting::Lab(Box::new(request))),
        Request::Keep { instance } => return Err(Lasting::Keep(instance)),
        Request::Attach { instance } => return Err(Lasting::Attach(instance)),
        Request::OfLab { lab, asked } => match asked {
            OfLab::Keep => return Err(Lasting::KeepLab(lab)),
            OfLab::Order(order) => Reply::Done(lease::order_lab(&desk.host, &lab, &order)),
            OfLab::Release { node, network } => {
                Reply::Done(lease::release_link(&desk.host, &lab, &node, &network))
            }
            OfLab::Remove => lease::remove_lab(&desk.host, &lab),
        },
        Request::OfGuest { instance, order } => {
            Reply::Done(lease::order_link(registry, &instance, &order))
        }
        Request::Status => Reply::Status(status(desk)),
        Request::ExitReport { instance } => Reply::ExitReport(exit_report(desk, &instance)),
        Request::Console { instance } => Reply::Console(registry.console(&instance)),
        Request::Record(record) => {
            registry.record(*record);
            Reply::Recorded
        }
        Request::HasSetUp(_) => {
            let words = "cannot keep a set-up: this connection was asked for none";
            Reply::Refused(Failure::new(words))
        }
        Request::Order(_) | Request::LabBegins => {
            let words = "cannot change a lab: this connection has been granted none";
            Reply::Refused(Failure::new(words))
        }
        Request::Remove { instance } => lease::remove(&desk.host, &instance),
        Request::Log { instance } => {
            let log = registry.with(&instance, |living| living.log());
            let log = log.or_else(|| lease::log_of_lab(&desk.host, &instance));
            Reply::Log(log.map(Box::new))
        }
        Request::Stop => {
            desk.leave();
            // The main loop ends when this is the last connection; the client waits for the end of
            // the stream.
            Reply::Stopped
        }
    })
}

fn status(desk: &Desk) -> Status {
    let (waiting, memory_used_bytes, memory_limit_bytes) = desk.host.admission.status();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime: desk.began.elapsed(),
        instances: desk.host.registry.alive(),
        labs: desk.host.labs.status(),
        waiting,
        spares: desk.host.spares_ready(),
        memory_used_bytes,
        memory_limit_bytes,
    }
}

fn exit_report(desk: &Desk, instance: &str) -> Option<ExitReport> {
    let registry = &desk.host.registry;
    registry.exit_report(instance).or_else(|| {
        registry.oom_kills(instance).map(|oom_kills| ExitReport {
            cause: None,
            oom_kills,
        })
    })
}
