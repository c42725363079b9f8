//! A lab that the daemon has granted. Dropping it, or dying with it, ends the lab. Knows no node:
//! each is leased as an instance of its own.

use super::connection::{STARTS, pause};
use super::{Connection, cure, is_gone};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{LabLeased, LabRequest};
use vm_test_protocol::order::{Done, Order};

/// A granted lab.
#[derive(Debug)]
pub struct Lab {
    /// What the daemon granted.
    pub granted: LabLeased,
    /// The lab ends when this is closed. One order at a time.
    connection: Mutex<Connection>,
}

/// Why there is no lab.
enum Refusal {
    /// The daemon stopped meanwhile.
    Gone(Failure),
    /// Another daemon would give the same answer.
    Final(Failure),
}

impl Lab {
    /// Asks the daemon for a lab; `waiting` is told why it takes long.
    ///
    /// # Errors
    /// If the daemon refuses or is gone.
    pub fn obtain(request: &LabRequest, waiting: impl Fn(&str)) -> Result<Self, Failure> {
        for attempt in 1.. {
            match Self::ask(request, &waiting) {
                Ok(lab) => return Ok(lab),
                Err(Refusal::Gone(_)) if attempt < STARTS => std::thread::sleep(pause(attempt)),
                Err(Refusal::Gone(failure) | Refusal::Final(failure)) => return Err(failure),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Has the daemon change the lab, and waits until it has.
    ///
    /// # Errors
    /// If the daemon is gone. [`Done::Failed`] is an answer.
    pub fn order(&self, order: Order) -> Result<Done, Failure> {
        let connection = self.connection.lock();
        let mut connection = connection.unwrap_or_else(|lock| lock.into_inner());
        let done = connection
            .send(&Request::Order(order))
            .and_then(|()| connection.receive());
        match done {
            Ok(Reply::Done(done)) => Ok(done),
            Ok(other) => Err(Failure::new(format!("the daemon answered {other:?}"))),
            Err(error) => Err(Failure::new(format!("lost the daemon: {error}"))),
        }
    }

    /// Returns a second end of its connection. Only when that is closed, too, the lab ends.
    ///
    /// # Errors
    /// If this process may open no more descriptors.
    pub fn stream(&self) -> io::Result<UnixStream> {
        let connection = self.connection.lock();
        let connection = connection.unwrap_or_else(|lock| lock.into_inner());
        connection.stream.try_clone()
    }

    /// Tells the daemon that the body of a test begins, so that it can prepare a lab for the next one.
    pub fn begin(&self) {
        let connection = self.connection.lock();
        let connection = connection.unwrap_or_else(|lock| lock.into_inner());
        // If the daemon is gone, that shows where it matters.
        let _ = connection.send(&Request::LabBegins);
    }

    fn ask(request: &LabRequest, waiting: &impl Fn(&str)) -> Result<Self, Refusal> {
        let what = format!("cannot lease lab `{}`", request.lab);
        let lost = |error: io::Error| {
            if is_gone(&error) {
                let lost = Failure::new(format!("{what}: lost the daemon: {error}"));
                Refusal::Gone(lost.because(Tried::Descriptor, &error))
            } else {
                let silent = Failure::new(format!("{what}: the daemon does not answer: {error}"));
                Refusal::Final(silent.hint(cure(&error)))
            }
        };
        let mut connection = Connection::open().map_err(Refusal::Final)?;
        connection
            .send(&Request::Lab(request.clone()))
            .map_err(lost)?;
        loop {
            match connection.receive().map_err(lost)? {
                Reply::Lab(granted) => {
                    return Ok(Self {
                        granted,
                        connection: Mutex::new(connection),
                    });
                }
                Reply::Queued(reason) => waiting(&reason),
                Reply::Refused(failure) => return Err(Refusal::Final(failure)),
                other => {
                    let other = format!("{what}: the daemon answered {other:?}");
                    return Err(Refusal::Final(Failure::new(other)));
                }
            }
        }
    }
}
