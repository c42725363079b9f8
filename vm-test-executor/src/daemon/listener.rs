//! The daemon's socket: who may talk to it, and what each request leads to.

use super::lease::{self, Host};
use super::{attach, kept};
use rustix::net::sockopt::socket_peercred;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use vm_test::protocol::daemon::{Greeting, Obituary, Reply, Request, Status, Welcome};
use vm_test::protocol::errno::Tried;
use vm_test::protocol::failure::Failure;
use vm_test::protocol::{PROTOCOL, frame};

/// How long a client may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The same where everybody else waits for it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// What the socket's threads share with the daemon's main loop.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) host: Host,
    pub(super) began: Instant,
    /// Connections that are being served.
    pub(super) active: AtomicUsize,
    /// Somebody has asked the daemon to stop.
    pub(super) stop_asked: AtomicBool,
}

/// Accepts connections for ever, each in a thread of its own.
pub(super) fn listen(desk: &Arc<Desk>, listener: &UnixListener) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors: what is open must end first.
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let user = socket_peercred(&stream).map(|peer| peer.uid);
        if user != Ok(rustix::process::getuid()) {
            continue;
        }
        desk.active.fetch_add(1, Ordering::SeqCst);
        let mine = Arc::clone(desk);
        let stream = Arc::new(stream);
        let theirs = Arc::clone(&stream);
        let serve = move || {
            let _served = Served(&mine.active);
            serve(&mine, &theirs);
        };
        if let Err(error) = std::thread::Builder::new().spawn(serve) {
            refuse(&stream, &error);
        }
    }
}

/// Tells a client, whatever it wants, that nobody can serve it for want of a thread.
fn refuse(stream: &UnixStream, error: &io::Error) {
    let failure = Failure::new(format!(
        "the daemon cannot start a thread for this request: {error}"
    ))
    .because(Tried::Process, error);
    // All others wait meanwhile.
    let _ = stream.set_read_timeout(Some(REFUSAL_TIMEOUT));
    if greet(stream) && matches!(frame::read::<Request>(stream), Ok(Some(_))) {
        let _ = frame::write(stream, &Reply::Refused(failure));
    }
}

/// Counts a connection off, whatever becomes of its thread.
struct Served<'a>(&'a AtomicUsize);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a client has said its version, has been told ours, and both are one.
fn greet(stream: &UnixStream) -> bool {
    let Ok(Some(greeting)) = frame::read::<Greeting>(stream) else {
        return false;
    };
    let welcome = Welcome {
        protocol: PROTOCOL,
        pid: std::process::id(),
    };
    frame::write(stream, &welcome).is_ok() && greeting.protocol == PROTOCOL
}

fn serve(desk: &Desk, stream: &UnixStream) {
    let _ = stream.set_read_timeout(Some(REQUEST_TIMEOUT));
    if !greet(stream) {
        return;
    }
    let Ok(Some(request)) = frame::read::<Request>(stream) else {
        return;
    };
    let registry = &desk.host.registry;
    let reply = match request {
        Request::Lease(request) => return lease::serve(&desk.host, stream, &request),
        Request::Status => Reply::Status(status(desk)),
        Request::Obituary { instance } => Reply::Obituary(obituary(desk, &instance)),
        Request::Console { instance } => Reply::Console(registry.console(&instance)),
        Request::Record(record) => {
            let instance = record.instance.clone();
            // One that is gone has been written down already.
            registry.with(&instance, |living| living.record = Some(*record));
            Reply::Recorded
        }
        Request::Keep { instance } => return kept::keep(&desk.host, stream, &instance),
        Request::Attach { instance } => return attach::serve(&desk.host, stream, &instance),
        Request::Remove { instance } => kept::remove(&desk.host, &instance),
        Request::Log { instance } => {
            Reply::Log(registry.with(&instance, |living| Box::new(living.log())))
        }
        Request::Stop => {
            desk.stop_asked.store(true, Ordering::SeqCst);
            // The main loop stops when this is the last connection; the client waits for the end of the stream.
            Reply::Stopped
        }
    };
    let _ = frame::write(stream, &reply);
}

fn status(desk: &Desk) -> Status {
    let (waiting, memory_used, memory_limit) = desk.host.admission.status();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime: desk.began.elapsed().as_secs(),
        instances: desk.host.registry.alive(),
        waiting,
        spares: desk.host.spares.count(),
        memory_used,
        memory_limit,
    }
}

fn obituary(desk: &Desk, instance: &str) -> Option<Obituary> {
    let registry = &desk.host.registry;
    registry.obituary(instance).or_else(|| {
        registry.oom_kills(instance).map(|oom_kills| Obituary {
            cause: None,
            oom_kills,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_served_for_want_of_a_thread_is_told_so_and_the_cure() {
        let (client, ours) = UnixStream::pair().unwrap();
        frame::write(&client, &Greeting { protocol: PROTOCOL }).unwrap();
        frame::write(&client, &Request::Status).unwrap();
        refuse(&ours, &io::Error::from_raw_os_error(libc::EAGAIN));
        let welcome: Welcome = frame::read(&client).unwrap().unwrap();
        assert_eq!(welcome.protocol, PROTOCOL);
        let Some(Reply::Refused(failure)) = frame::read(&client).unwrap() else {
            panic!("not refused");
        };
        assert!(
            failure
                .message
                .starts_with("the daemon cannot start a thread"),
            "{failure}"
        );
        let hint = failure.hint.unwrap_or_default();
        assert!(
            hint.starts_with("the limit of processes and threads"),
            "{hint}"
        );
    }

    #[test]
    fn who_says_nothing_holds_nobody_up() {
        let (_client, ours) = UnixStream::pair().unwrap();
        refuse(&ours, &io::Error::from_raw_os_error(libc::EAGAIN));
    }
}
