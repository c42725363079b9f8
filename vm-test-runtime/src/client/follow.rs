//! Follows a job from its start to its end: keeps its time, and stops when its agent has said how
//! it ended, or can say no more. Everybody who runs a job follows it here; what is done with
//! output, verdicts and files is each follower's.

use super::agent::Agent;
use super::is_timeout;
use super::job_time::JobTime;
use std::io;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{Ended, FromAgent, ToAgent};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;

/// How much longer than the job's own time limit the agent may take to report its end: a second for
/// what the job was doing, two for its counters, two for the rest of its output, and as much for a
/// slow host.
const GRACE: Duration = Duration::from_secs(10);

/// How often a follower is asked whether the job is to end.
const LOOK: Duration = Duration::from_millis(100);

/// How many messages are accepted after a deadline, since they may have waited here.
///
/// A guest that never falls silent gets no more time than one that does.
const LATE_MESSAGES: usize = 10_000;

/// The caller that a job runs for.
pub trait Follower {
    /// Takes what the agent says of the job, except for its end.
    ///
    /// # Errors
    /// If it cannot be passed on, or the agent may not say it: the job is followed no longer.
    fn take(&mut self, message: FromAgent) -> Result<(), Failure>;

    /// Returns whether the job is to be ended now, whatever its limit.
    fn wants_end(&self) -> bool {
        false
    }

    /// Tells the agent that the job's time is up. That it cannot be told shows as the end of the
    /// stream.
    fn tell_end(&self, agent: &Agent) {
        let _ = agent.send(&ToAgent::End);
    }
}

/// The course of a job.
#[derive(Debug)]
pub struct Followed {
    /// How it ended, by its agent's word.
    pub ended: Result<Ended, Lost>,
    /// Whether the agent was told to end it because the follower wanted that.
    pub told_to_end: bool,
}

/// Why an agent has not said how its job ended.
#[derive(Debug)]
pub enum Lost {
    /// The stream has ended. The daemon knows the cause.
    Died,
    /// Another reason.
    Failed(Failure),
}

impl Agent {
    /// Follows the job that the agent has just been sent. `limit` is its time by this clock and not
    /// the guest's: where QEMU translates, one was seen to go four minutes ahead at once.
    pub fn follow(&mut self, limit: Option<Duration>, follower: &mut dyn Follower) -> Followed {
        self.follow_with(limit, GRACE, follower)
    }

    fn follow_with(
        &mut self,
        limit: Option<Duration>,
        grace: Duration,
        follower: &mut dyn Follower,
    ) -> Followed {
        let until = limit.map(|limit| Instant::now() + limit);
        let silent = |told_to_end: bool| silent(grace, limit.filter(|_| !told_to_end));
        self.hear(JobTime::new(until, grace), &silent, follower)
    }

    /// Has the agent send what jobs have left that is still there.
    ///
    /// # Errors
    /// Why it has not said that this is all.
    pub fn bring(&mut self, wanted: Wanted, follower: &mut dyn Follower) -> Result<(), Lost> {
        self.bring_with(wanted, GRACE, follower)
    }

    fn bring_with(
        &mut self,
        wanted: Wanted,
        grace: Duration,
        follower: &mut dyn Follower,
    ) -> Result<(), Lost> {
        // That it cannot be told shows as the end of the stream.
        let _ = self.send(&ToAgent::Bring(wanted));
        let silent = |_| no_answer(grace, "it was asked for what jobs have left");
        let time = JobTime::of_files(Instant::now(), grace);
        self.hear(time, &silent, follower).ended.map(drop)
    }

    /// Hears an agent to the end; `silent` explains that it has not answered in time, given whether
    /// the follower wanted the end.
    fn hear(
        &mut self,
        mut time: JobTime,
        silent: &dyn Fn(bool) -> Failure,
        follower: &mut dyn Follower,
    ) -> Followed {
        let (mut late, mut told_to_end) = (0, false);
        let ended = loop {
            let is_wanted = follower.wants_end();
            if time.must_end(Instant::now(), is_wanted) {
                told_to_end = is_wanted;
                follower.tell_end(self);
            }
            let left = time.left(Instant::now()).unwrap_or(LOOK);
            late += usize::from(left.is_zero());
            let heard = if late > LATE_MESSAGES {
                Err(io::ErrorKind::TimedOut.into())
            } else {
                self.receive(Some(left.min(LOOK)))
            };
            match heard {
                Ok(Some(FromAgent::Ended(ended))) => break Ok(ended),
                Ok(Some(FromAgent::Hello { .. })) => {
                    let words = "the guest was restarted before its job ended";
                    break Err(Lost::Failed(Failure::new(words)));
                }
                Ok(Some(message)) => {
                    if is_of_a_file(&message) {
                        time.is_over(Instant::now());
                    }
                    if let Err(failure) = follower.take(message) {
                        break Err(Lost::Failed(failure));
                    }
                }
                Ok(None) => break Err(Lost::Died),
                // Not by the remaining time computed before: the limit may have passed since, and
                // then the agent is told first.
                Err(error) if is_timeout(&error) && !time.is_spent(Instant::now()) => {}
                Err(error) if is_timeout(&error) => {
                    break Err(Lost::Failed(silent(told_to_end)));
                }
                Err(error) => {
                    let words = format!("cannot understand the guest: {error}");
                    break Err(Lost::Failed(Failure::new(words)));
                }
            }
        };
        Followed { ended, told_to_end }
    }
}

/// Whether the job is over, and this is of what it has left.
fn is_of_a_file(message: &FromAgent) -> bool {
    matches!(
        message,
        FromAgent::File { .. }
            | FromAgent::FileBytes(_)
            | FromAgent::FileEnd(_)
            | FromAgent::FileKept { .. }
    )
}

/// The agent has not said in time that the job is over, which was ended at its limit or, without
/// one, because this process was told to end.
fn silent(grace: Duration, limit: Option<Duration>) -> Failure {
    let since = match limit {
        Some(limit) => format!("the time limit of {} ms", limit.as_millis()),
        None => "this process received SIGTERM".to_owned(),
    };
    no_answer(grace, &since)
}

fn no_answer(grace: Duration, since: &str) -> Failure {
    Failure::new(format!(
        "the guest did not answer for {grace:?} after {since}"
    ))
    .hint(
        "its agent is stopped or the host is overloaded; `vm-test doctor` helps to find the reason",
    )
}

#[cfg(test)]
mod tests;
