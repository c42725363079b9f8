//! One call or command on a node of a lab, from the job that is sent to how it ended. Knows no other
//! node, and lets none ask anything.

use super::job;
use super::journal::Lines;
use crate::client::{Follower, Lease};
use crate::relay::Utf8Stream;
use crate::site::Site;
use std::io;
use vm_test_protocol::agent::{End, FromAgent, INPUT_WINDOW, Job, ToAgent};
use vm_test_protocol::body::PanicReport;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;
use vm_test_protocol::lab::{MOST_OUTPUT, Ran, Returned, Work};

/// Runs something on a node to its end, and gives `lines` what it writes. If it `stops`, it is stopped
/// and not killed when it is told to end, for inspection.
pub(super) fn run(
    lease: &mut Lease,
    site: &'static Site,
    node: &str,
    test: &str,
    (work, stops): (Work, bool),
    lines: Lines,
) -> Result<Ran, Failure> {
    let (mut job, input) = match work {
        Work::Call(call) => {
            let mut job = job::for_test(site, node, test, &lease.granted, Wanted::default())?;
            if let Some(test) = &mut job.test {
                test.call = Some(call);
            }
            (job, None)
        }
        Work::Command { words, input } => {
            let mut words = words.into_iter();
            let program = words.next().unwrap_or_default();
            let program = String::from_utf8(program)
                .map_err(|_| Failure::new("the name of the program is not UTF-8"))?;
            if program.is_empty() {
                return Err(Failure::new("there is no program to run")
                    .hint("name one, as in command([\"ip\", \"route\"])"));
            }
            if input.len() > INPUT_WINDOW {
                return Err(Failure::new(format!(
                    "the input has {} bytes, and at most {INPUT_WINDOW} are sent",
                    input.len()
                )));
            }
            (Job::program(program, words), Some(input))
        }
        Work::Tool(_) => return Err(Failure::new("this version has no tools")),
    };
    job.stop_at_timeout = stops;
    let nonce = job.nonce;
    let is_call = input.is_none();
    let sent = lease
        .agent
        .send(&ToAgent::Job(Box::new(job)))
        .and_then(|()| {
            let Some(input) = input else {
                return Ok(());
            };
            lease.agent.send(&ToAgent::Input(input))?;
            lease.agent.send(&ToAgent::InputEnd)
        });
    // Any other failure to send shows as the end of the stream, where its cause is known.
    if let Err(error) = sent
        && error.kind() == io::ErrorKind::InvalidData
    {
        return Err(Failure::new(format!("it is too long to be sent: {error}")));
    }
    let mut watch = Watch {
        nonce,
        lines: Some(lines),
        ..Watch::default()
    };
    let followed = lease.follow(None, &mut watch);
    let ended = followed.ended.map_err(|lost| lease.cause_of(lost))?;
    if let Some(breach) = &ended.breach {
        return Err(Failure::new(format!("it broke the protocol: {breach}")));
    }
    if is_call {
        watch.print();
    }
    Ok(watch.conclude(ended.end, ended.dropped_bytes))
}

/// Takes what the agent of a node says.
#[derive(Default)]
struct Watch {
    nonce: u128,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    dropped: u64,
    returned: Option<Returned>,
    panic: Option<PanicReport>,
    /// The log of the whole lab.
    lines: Option<Lines>,
}

impl Watch {
    /// Prints the output of a call, as if the function had been called here.
    fn print(&self) {
        let text = |bytes: &[u8]| {
            let mut stream = Utf8Stream::default();
            stream.push(bytes) + &stream.finish()
        };
        print!("{}", text(&self.stdout));
        eprint!("{}", text(&self.stderr));
    }

    fn conclude(self, end: End, dropped: u64) -> Ran {
        let reported = self.panic;
        let returned = match self.returned {
            Some(Returned::Panicked { message, location }) => Some(Returned::Panicked {
                message,
                location: location.or(reported.and_then(|panic| panic.location)),
            }),
            // Where panics abort, the report is all that there is.
            None => reported.map(|panic| Returned::Panicked {
                message: panic.message,
                location: panic.location,
            }),
            returned => returned,
        };
        Ran {
            end,
            returned,
            stdout: self.stdout,
            stderr: self.stderr,
            dropped_bytes: self.dropped + dropped,
        }
    }
}

/// Adds output of which only the end is kept; returns how much was dropped.
fn keep_end(kept: &mut Vec<u8>, bytes: &[u8]) -> u64 {
    kept.extend_from_slice(bytes);
    let surplus = kept.len().saturating_sub(MOST_OUTPUT);
    kept.drain(..surplus);
    surplus as u64
}

impl Follower for Watch {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        let breach = |what: &str| Failure::new(format!("it broke the protocol: {what}"));
        match message {
            FromAgent::Stdout(bytes) => {
                if let Some(lines) = &mut self.lines {
                    lines.out(&bytes);
                }
                self.dropped += keep_end(&mut self.stdout, &bytes);
            }
            FromAgent::Stderr(bytes) => {
                if let Some(lines) = &mut self.lines {
                    lines.err(&bytes);
                }
                self.dropped += keep_end(&mut self.stderr, &bytes);
            }
            FromAgent::Panic(report) => self.panic = Some(report),
            FromAgent::Returned(returned) => {
                if self.returned.replace(returned).is_some() {
                    return Err(breach("a second result"));
                }
            }
            FromAgent::Verdict { nonce, .. } if nonce != self.nonce => {
                return Err(breach("a verdict with another job's nonce"));
            }
            FromAgent::Begun | FromAgent::Verdict { .. } | FromAgent::InputTaken(_) => {}
            FromAgent::Asked(_) => return Err(breach("a question of a node")),
            other => return Err(breach(&format!("{other:?}"))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
