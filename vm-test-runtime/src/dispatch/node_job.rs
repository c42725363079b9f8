//! One call or command on a node of a lab, from the job that is sent to how it ended. Knows no other
//! job, and lets none ask anything.

use super::journal::Lines;
use super::node::Node;
use super::{job, tool_job};
use crate::client::{Agent, Followed, Follower};
use crate::relay::Utf8Stream;
use crate::site::Site;
use std::io;
use vm_test_protocol::agent::{End, FromAgent, INPUT_WINDOW, Job, ToAgent};
use vm_test_protocol::body::PanicReport;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{MOST_OUTPUT, Ran, Returned, Work};

/// What is to run on a node.
pub(super) struct NodeJob {
    job: Job,
    /// What it gets on standard input, if it has one.
    input: Option<Vec<u8>>,
}

/// Runs something on a node to its end.
pub(super) fn run(
    node: &Node,
    site: &'static Site,
    test: &str,
    work: Work,
) -> Result<Ran, Failure> {
    let prepared = NodeJob::prepare(node, site, test, work)?;
    let mut agent = node.agent()?;
    let mut watch = prepared.watch(Some(node.lines()));
    prepared.send(&agent, Input::Ends)?;
    let followed = agent.follow(None, &mut watch);
    watch.end(node, followed)
}

/// Whether standard input ends with what is there when the job begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Ends,
    StaysOpen,
}

impl NodeJob {
    /// Prepares the job for a node.
    pub(super) fn prepare(
        node: &Node,
        site: &'static Site,
        test: &str,
        work: Work,
    ) -> Result<Self, Failure> {
        let (mut job, input) = match work {
            Work::Call(call) => {
                let granted = node.granted()?;
                let wanted = node.files.of_job();
                let mut job = job::for_test(site, &node.name, test, &granted, wanted)?;
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
                check_length(&input)?;
                let mut job = Job::program(program, words);
                job.wanted = node.files.of_job();
                (job, Some(input))
            }
            Work::Tool(tool) => {
                let (job, input) = tool_job::prepare(&tool)?;
                (job, Some(input))
            }
        };
        job.stop_at_timeout = node.stops;
        Ok(Self { job, input })
    }

    /// Returns whether it is a call, which has no standard input.
    pub(super) fn is_call(&self) -> bool {
        self.input.is_none()
    }

    /// Returns how much input it begins with.
    pub(super) fn input_length(&self) -> usize {
        self.input.as_ref().map_or(0, Vec::len)
    }

    /// Returns who takes what its agent says.
    pub(super) fn watch(&self, lines: Option<Lines>) -> Watch {
        Watch {
            nonce: self.job.nonce,
            lines,
            is_call: self.is_call(),
            ..Watch::default()
        }
    }

    /// Has it run.
    ///
    /// # Errors
    /// If it is too long. Any other failure to send shows as the end of the stream, where its cause
    /// is known.
    pub(super) fn send(self, agent: &Agent, end: Input) -> Result<(), Failure> {
        let sent = agent
            .send(&ToAgent::Job(Box::new(self.job)))
            .and_then(|()| {
                let Some(input) = self.input else {
                    return Ok(());
                };
                if !input.is_empty() {
                    agent.send(&ToAgent::Input(input))?;
                }
                match end {
                    Input::Ends => agent.send(&ToAgent::InputEnd),
                    Input::StaysOpen => Ok(()),
                }
            });
        match sent {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(Failure::new(format!("it is too long to be sent: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// Checks that input can be sent at once.
pub(super) fn check_length(input: &[u8]) -> Result<(), Failure> {
    let length = input.len();
    if length > INPUT_WINDOW {
        let words = format!("the input has {length} bytes, and at most {INPUT_WINDOW} are sent");
        return Err(Failure::new(words));
    }
    Ok(())
}

/// Takes what the agent of a node says.
#[derive(Default)]
pub(super) struct Watch {
    nonce: u128,
    is_call: bool,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    dropped: u64,
    returned: Option<Returned>,
    panic: Option<PanicReport>,
    /// The log of the whole lab.
    lines: Option<Lines>,
}

impl Watch {
    /// Takes what the agent says of a call with this nonce.
    pub(super) fn of_call(nonce: u128) -> Self {
        Self {
            nonce,
            is_call: true,
            ..Self::default()
        }
    }

    /// Returns how the job has ended.
    pub(super) fn end(self, node: &Node, followed: Followed) -> Result<Ran, Failure> {
        if self.is_call {
            self.print();
        }
        let ended = followed.ended.map_err(|lost| node.cause_of(lost))?;
        node.files.note(&ended);
        if let Some(breach) = &ended.breach {
            return Err(breach_of(breach));
        }
        Ok(self.conclude(ended.end, ended.dropped_bytes))
    }

    /// Prints the output of a call, as if the function had been called here.
    pub(super) fn print(&self) {
        let text = |bytes: &[u8]| {
            let mut stream = Utf8Stream::default();
            stream.push(bytes) + &stream.finish()
        };
        print!("{}", text(&self.stdout));
        eprint!("{}", text(&self.stderr));
    }

    pub(super) fn conclude(self, end: End, dropped: u64) -> Ran {
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

/// Explains what no node may do.
pub(super) fn breach_of(what: &str) -> Failure {
    Failure::new(format!("it broke the protocol: {what}"))
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
                    return Err(breach_of("a second result"));
                }
            }
            FromAgent::Verdict { nonce, .. } if nonce != self.nonce => {
                return Err(breach_of("a verdict with another job's nonce"));
            }
            FromAgent::Begun | FromAgent::Verdict { .. } | FromAgent::InputTaken(_) => {}
            FromAgent::Asked(_) => return Err(breach_of("a question of a node")),
            other => return Err(breach_of(&format!("{other:?}"))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
