//! Follows a job from its start to its end. Prints the guest's output and records what it reports;
//! draws no conclusion.

use super::tail::Tail;
use super::termination::{InGuest, LOOK};
use super::{harvest, job};
use crate::client::{JobTime, LATE_MESSAGES, Lease, is_timeout};
use crate::relay::Utf8Stream;
use crate::site::Site;
use std::io;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{Ended, FromAgent, ToAgent};
use vm_test_protocol::body::{BodyOutcome, PanicReport};
use vm_test_protocol::failure::Failure;

/// How much longer than the job's own time limit the agent may take to report its end: a second for
/// what the job was doing, two for its counters, two for the rest of its output, and as much for a
/// slow host.
const GRACE: Duration = Duration::from_secs(10);

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
    /// Makes the daemon keep the instance; returns for how long.
    ///
    /// # Errors
    /// If there is nothing to keep, or the daemon refuses.
    pub(super) fn keep(&self, lease: &Lease) -> Result<u64, Failure> {
        match &self.lost {
            None => lease.keep(),
            Some(_) => Err(Failure::new("nothing in it answers any more")),
        }
    }
}

/// Runs the test in the leased instance.
pub(super) fn run(lease: &mut Lease, site: &Site, test: &str, in_guest: &InGuest) -> Course {
    let timeout = lease.granted.timeout;
    let mut harvest = harvest::of(lease, site, test);
    let job = match job::for_test(site, test, &lease.granted, harvest.wanted()) {
        Ok(job) => job,
        Err(failure) => {
            return Course {
                lost: Some(failure),
                ..Course::default()
            };
        }
    };
    let nonce = job.nonce;
    let began = Instant::now();
    let mut time = JobTime::new(Some(began + Duration::from_millis(timeout)), GRACE);
    // Any other failure to send shows as the end of the stream, where its cause is known.
    if let Err(error) = lease.send(&ToAgent::Job(Box::new(job)))
        && error.kind() == io::ErrorKind::InvalidData
    {
        return Course {
            lost: Some(unsendable(&error)),
            ..Course::default()
        };
    }
    let (mut seen, mut tail) = (Seen::default(), Tail::default());
    let (mut stdout, mut stderr) = (Utf8Stream::default(), Utf8Stream::default());
    let (mut output, mut late, mut told_to_end) = (0, 0, false);
    let ended = loop {
        let is_told = in_guest.is_over();
        // By this clock, not the guest's: under emulation one was seen to jump ahead by four
        // minutes.
        if time.must_end(Instant::now(), is_told) {
            told_to_end = is_told;
            // A failure to send shows as the end of the stream.
            let _ = lease.send(&ToAgent::End);
        }
        let left = time.left(Instant::now()).unwrap_or(LOOK);
        late += usize::from(left.is_zero());
        let message = if late > LATE_MESSAGES {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            lease.receive(Some(left.min(LOOK)))
        };
        // Not by the remaining time computed before: the limit may have passed since, and then the
        // agent is told first.
        if message.as_ref().is_err_and(is_timeout) && !time.is_spent(Instant::now()) {
            continue;
        }
        if let Ok(Some(FromAgent::Stdout(bytes) | FromAgent::Stderr(bytes))) = &message {
            output += bytes.len();
            tail.push(bytes);
        }
        match message {
            Ok(Some(_)) if output > MOST_OUTPUT => {
                break Err(Failure::new(format!(
                    "the guest broke the protocol: more than {} MiB of output",
                    MOST_OUTPUT >> 20
                )));
            }
            Ok(Some(FromAgent::Stdout(bytes))) => print!("{}", stdout.push(&bytes)),
            Ok(Some(FromAgent::Stderr(bytes))) => eprint!("{}", stderr.push(&bytes)),
            Ok(Some(FromAgent::Begun)) => seen.begun = true,
            Ok(Some(FromAgent::Panic(report))) => seen.panic(report),
            Ok(Some(FromAgent::Verdict {
                nonce: given,
                outcome,
            })) => {
                if given != nonce {
                    seen.stray = Some("a verdict with another job's nonce".to_owned());
                } else if seen.verdict.replace(outcome).is_some() {
                    seen.stray = Some("a second verdict".to_owned());
                }
            }
            Ok(Some(
                message @ (FromAgent::File { .. }
                | FromAgent::FileBytes(_)
                | FromAgent::FileEnd(_)
                | FromAgent::FileKept { .. }),
            )) => {
                time.is_over(Instant::now());
                if let Err(breach) = harvest.take(message) {
                    break Err(Failure::new(format!(
                        "the guest broke the protocol: {breach}"
                    )));
                }
            }
            Ok(Some(FromAgent::Ended(ended))) => break Ok(ended),
            Ok(Some(FromAgent::Hello { .. })) => {
                break Err(Failure::new(
                    "the guest was restarted before the test ended",
                ));
            }
            Ok(Some(other @ (FromAgent::InputTaken(_) | FromAgent::NotUp(_)))) => {
                seen.stray = Some(format!("{other:?}"))
            }
            Ok(None) => break Err(lease.cause_of_death()),
            Err(error) if is_timeout(&error) => {
                let since = if told_to_end {
                    "the test process was told to end".to_owned()
                } else {
                    format!("the time limit of {timeout} ms")
                };
                break Err(Failure::new(format!(
                    "the guest did not answer for {GRACE:?} after {since}"
                ))
                .hint("its agent is stopped or the host is overloaded; `vm-test doctor` helps to find the reason"));
            }
            Err(error) => {
                break Err(Failure::new(format!(
                    "cannot understand the guest: {error}"
                )));
            }
        }
    };
    print!("{}", stdout.finish());
    eprint!("{}", stderr.finish());
    harvest.complain(test);
    if let Some(directory) = harvest.artifacts() {
        eprintln!("vm-test: artifacts of `{test}`: {}", directory.display());
    }
    let (ended, lost) = match ended {
        Ok(ended) => (Some(ended), None),
        Err(failure) => (None, Some(failure)),
    };
    Course {
        seen,
        ended,
        lost,
        output: tail,
        told_to_end,
        took: began.elapsed(),
    }
}

/// Explains a job that cannot be sent. Only its environment can grow without limit.
fn unsendable(error: &io::Error) -> Failure {
    Failure::new(format!("cannot send the test to the guest: {error}"))
        .hint("the variables passed to the guest are too long; name fewer or shorter ones in `env`")
}
