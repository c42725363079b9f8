//! Watches a test in its guest. Prints the guest's output and records what it reports; draws no
//! conclusion.

use super::journal::Lines;
use super::nodes::Nodes;
use super::own_link::OwnLink;
use super::tail::Tail;
use super::termination::InGuest;
use super::{harvest, job};
use crate::client::{Follower, Lease, Speaker};
use crate::harvest::Harvest;
use crate::relay::Utf8Stream;
use crate::site::Site;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{Ended, FromAgent, ToAgent};
use vm_test_protocol::body::{BodyOutcome, PanicReport};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// More output than an agent lets through, in bytes. All of it may have to be kept until the test
/// ends.
const MOST_OUTPUT: usize = 257 << 20;

/// What the agent has reported.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) begun: bool,
    pub(super) verdict: Option<BodyOutcome>,
    /// The last panics of all threads, in order.
    pub(super) panics: Vec<PanicReport>,
    pub(super) stray: Option<String>,
}

/// How many panics are remembered. An agent passes on more, but only if a test floods it.
const MOST_PANICS: usize = 64;

impl Seen {
    fn panic(&mut self, report: PanicReport) {
        if self.panics.len() == MOST_PANICS {
            self.panics.remove(0);
        }
        self.panics.push(report);
    }
}

/// The course of a job.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) seen: Seen,
    /// The agent's final report.
    pub(super) ended: Option<Ended>,
    /// Why there is none.
    pub(super) lost: Option<Failure>,
    /// The end of the test's output.
    pub(super) output: Tail,
    /// Whether the test was ended because this process was told to end.
    pub(super) told_to_end: bool,
    /// From sending the job to the final report.
    pub(super) took: Duration,
}

impl Course {
    /// Returns the lease if the daemon can keep its instance.
    ///
    /// # Errors
    /// If there is nothing to keep.
    pub(super) fn keepable<'a>(&self, lease: &'a Lease) -> Result<&'a Lease, Failure> {
        match &self.lost {
            None => Ok(lease),
            Some(_) => Err(Failure::new("nothing in it answers any more")),
        }
    }
}

/// Takes what the agent says of one test.
struct Watch<'a> {
    nonce: u128,
    /// Whether this process was told to end.
    is_told: &'a dyn Fn() -> bool,
    harvest: &'a mut Harvest,
    /// The other nodes of its lab, and the way to answer what it asks.
    lab: Option<(&'a mut Nodes, Speaker)>,
    /// The guest's own link, if there is no lab.
    own_link: Option<OwnLink>,
    /// The log of the whole lab.
    lines: Option<Lines>,
    seen: Seen,
    tail: Tail,
    /// How much output has come, in bytes.
    output: usize,
    stdout: Utf8Stream,
    stderr: Utf8Stream,
}

impl<'a> Watch<'a> {
    /// Watches the job with this nonce.
    fn new(nonce: u128, is_told: &'a dyn Fn() -> bool, harvest: &'a mut Harvest) -> Self {
        Self {
            nonce,
            is_told,
            harvest,
            lab: None,
            own_link: None,
            lines: None,
            seen: Seen::default(),
            tail: Tail::default(),
            output: 0,
            stdout: Utf8Stream::default(),
            stderr: Utf8Stream::default(),
        }
    }

    /// Counts and keeps output.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.output += bytes.len();
        self.tail.push(bytes);
        if self.output > MOST_OUTPUT {
            return Err(Failure::new(format!(
                "the guest broke the protocol: more than {} MiB of output",
                MOST_OUTPUT >> 20
            )));
        }
        Ok(())
    }

    /// Prints what is left, and gives out what was told.
    fn finish(mut self) -> (Seen, Tail) {
        print!("{}", self.stdout.finish());
        eprint!("{}", self.stderr.finish());
        (self.seen, self.tail)
    }
}

impl Follower for Watch<'_> {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        match message {
            FromAgent::Stdout(bytes) => {
                self.keep(&bytes)?;
                if let Some(lines) = &mut self.lines {
                    lines.out(&bytes);
                }
                print!("{}", self.stdout.push(&bytes));
            }
            FromAgent::Stderr(bytes) => {
                self.keep(&bytes)?;
                if let Some(lines) = &mut self.lines {
                    lines.err(&bytes);
                }
                eprint!("{}", self.stderr.push(&bytes));
            }
            FromAgent::Begun => {
                // Not earlier: what the daemon then prepares would slow the test's start down.
                if let Some((nodes, _)) = self.lab.as_ref().filter(|_| !self.seen.begun) {
                    nodes.body_begins();
                }
                self.seen.begun = true;
            }
            FromAgent::Panic(report) => self.seen.panic(report),
            FromAgent::Verdict { nonce, outcome } => {
                if nonce != self.nonce {
                    self.seen.stray = Some("a verdict with another job's nonce".to_owned());
                } else if self.seen.verdict.replace(outcome).is_some() {
                    self.seen.stray = Some("a second verdict".to_owned());
                }
            }
            FromAgent::File { .. }
            | FromAgent::FileBytes(_)
            | FromAgent::FileEnd(_)
            | FromAgent::FileKept { .. } => self.harvest.take(message).map_err(|breach| {
                Failure::new(format!("the guest broke the protocol: {breach}"))
            })?,
            FromAgent::Asked(asked) => match (&mut self.lab, &self.own_link) {
                (Some((nodes, speaker)), _) => nodes.answer(*asked, speaker)?,
                (None, Some(link)) => link.answer(*asked)?,
                (None, None) => {
                    self.seen.stray = Some("a question of a test without a lab".to_owned())
                }
            },
            FromAgent::InputTaken(_)
            | FromAgent::Returned(_)
            | FromAgent::NotUp(_)
            | FromAgent::Hello { .. }
            | FromAgent::Channel { .. }
            | FromAgent::Closed { .. }
            | FromAgent::Single
            | FromAgent::Ended(_) => self.seen.stray = Some(format!("{message:?}")),
        }
        Ok(())
    }

    fn wants_end(&self) -> bool {
        (self.is_told)()
    }
}

/// Runs the test in the leased instance; `nodes` are the others of its lab.
pub(super) fn run(
    lease: &mut Lease,
    mut nodes: Option<&mut Nodes>,
    site: &Site,
    test: &str,
    in_guest: &InGuest,
) -> Course {
    let destination = match &nodes {
        Some(nodes) => Arc::clone(&nodes.destination),
        None => harvest::destination(&lease.granted, site, test),
    };
    let mut harvest = Harvest::of(&destination, &lease.granted.instance);
    let job = job::for_test(site, &site.guest(), test, &lease.granted, harvest.wanted());
    let speaking = with_speaker(lease, nodes.as_deref_mut());
    let prepared = job.and_then(|job| Ok((job, speaking?)));
    let (job, lab) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => {
            return Course {
                lost: Some(failure),
                ..Course::default()
            };
        }
    };
    let nonce = job.nonce;
    let began = Instant::now();
    // Any other failure to send shows as the end of the stream, where its cause is known.
    if let Err(error) = lease.agent.send(&ToAgent::Job(Box::new(job)))
        && error.kind() == io::ErrorKind::InvalidData
    {
        return Course {
            lost: Some(unsendable(&error)),
            ..Course::default()
        };
    }
    let is_told = || in_guest.is_over();
    let mut watch = Watch::new(nonce, &is_told, &mut harvest);
    watch.lines = lab.as_ref().map(|(nodes, _)| nodes.journal.of(nodes.own()));
    if lab.is_none() {
        // Without it, there is no answer, and the test fails only if it asks.
        let speaker = lease.agent.speaker().ok();
        watch.own_link = speaker.map(|to| OwnLink::new(&lease.granted.instance, to));
    }
    watch.lab = lab;
    let followed = lease.follow(Some(lease.granted.timeout), &mut watch);
    let (seen, output) = watch.finish();
    let took = began.elapsed();
    harvest.complain(test);
    if let Some(nodes) = nodes {
        nodes.bring();
    }
    if let Some(directory) = harvest.artifacts() {
        eprintln!("vm-test: artifacts of `{test}`: {}", directory.display());
    }
    let (ended, lost) = match followed.ended {
        Ok(ended) => (Some(ended), None),
        Err(lost) => (None, Some(lease.cause_of(lost))),
    };
    Course {
        seen,
        ended,
        lost,
        output,
        told_to_end: followed.told_to_end,
        took,
    }
}

/// Returns the nodes with a way to answer what the test asks of them.
fn with_speaker<'a>(
    lease: &Lease,
    nodes: Option<&'a mut Nodes>,
) -> Result<Option<(&'a mut Nodes, Speaker)>, Failure> {
    let Some(nodes) = nodes else {
        return Ok(None);
    };
    let speaker = lease.agent.speaker().map_err(|error| {
        Failure::new(format!("cannot use the lab: {error}")).because(Tried::Descriptor, &error)
    })?;
    Ok(Some((nodes, speaker)))
}

/// Explains a job that cannot be sent. Only its environment can grow without limit.
fn unsendable(error: &io::Error) -> Failure {
    Failure::new(format!("cannot send the test to the guest: {error}"))
        .hint("the variables passed to the guest are too long; name fewer or shorter ones in `env`")
}

#[cfg(test)]
mod tests;
