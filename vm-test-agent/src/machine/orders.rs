//! What the keeper orders of a node while it lives: to set its clock, to switch itself off, to say
//! hello again. A thread takes the orders, so that no job delays them; it knows no job.

use super::{identity, power};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::machine::ToMachine;
use vm_test_protocol::{PROTOCOL, frame};

/// How long to wait for a keeper that is not there: the port is closed between one and the next.
const ABSENT: Duration = Duration::from_millis(5);

/// Takes orders from `control` from now on; says hello on `stream`.
pub(super) fn attend(control: File, stream: OwnedFd) -> io::Result<()> {
    let work = move || {
        // A message that is none can only come from a damaged keeper, and nobody could be told.
        while let Ok(order) = frame::read(&control) {
            match order {
                Some(order) => obey(order, &stream),
                None => thread::sleep(ABSENT),
            }
        }
    };
    thread::Builder::new().name("orders".into()).spawn(work)?;
    Ok(())
}

/// Carries out an order. What fails shows on the host: as a wrong clock, or as silence.
fn obey(order: ToMachine, stream: &OwnedFd) {
    let done = match order {
        ToMachine::Clock(time) => identity::correct_clock(time),
        ToMachine::Restored { time, seed } => {
            identity::refresh(time, &seed).and_then(|()| say_hello(stream))
        }
        ToMachine::PowerOff => power::off(),
        ToMachine::Configure(_) | ToMachine::Go(_) | ToMachine::Begin { .. } => Ok(()),
    };
    if let Err(error) = done {
        eprintln!("vm-test-agent: {error}");
    }
}

/// Says hello on a stream whose other end is new. No job runs, so nothing else is being sent.
fn say_hello(stream: &OwnedFd) -> io::Result<()> {
    let kernel = rustix::system::uname();
    let hello = FromAgent::Hello {
        protocol: PROTOCOL,
        kernel: kernel.release().to_string_lossy().into_owned(),
        degraded: None,
    };
    let mut bytes = &*frame::encode(&hello)?;
    while !bytes.is_empty() {
        match rustix::io::write(stream, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::new(stream, PollFlags::OUT)], None);
            }
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
