//! A lease on an instance. Dropping it, or dying with it, destroys the instance. Knows no site and
//! no job.

use super::agent::Agent;
use super::connection::{STARTS, pause};
use super::follow::{Followed, Follower, Lost};
use super::{Connection, console, cure, exit_report, is_gone, is_stopped, is_timeout, record};
use std::io;
use std::time::{Duration, Instant};
use vm_test_protocol::PROTOCOL;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::daemon::{LayerBuild, LeaseRequest, Leased, Reply, Request};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::record::{NodeTimes, Record, RecordOutcome};

/// How much longer than the guest's own time limit its agent may take to report that the boot has
/// failed.
const GRACE: Duration = Duration::from_secs(5);

/// A granted lease whose agent has said hello.
#[derive(Debug)]
pub struct Lease {
    /// The stream to its agent.
    pub agent: Agent,
    /// What the daemon granted.
    pub granted: Leased,
    /// The release of the guest's kernel.
    pub kernel: String,
    /// What the guest's own init could not start, for people.
    pub degraded: Option<String>,
    /// How long it took to obtain, from the request to the agent's first message.
    pub took: Duration,
    /// How much of that was over when it was granted.
    pub granted_after: Duration,
}

/// Why there is no lease.
enum Refusal {
    /// The daemon stopped before the test could begin.
    Gone(Failure),
    /// Another daemon would give the same answer.
    Final(Failure),
}

impl Lease {
    /// Asks the daemon for an instance and waits for its agent; `waiting` is told why it takes
    /// long.
    ///
    /// # Errors
    /// If the daemon refuses or is gone, or the instance does not start.
    pub fn obtain(request: &LeaseRequest, waiting: impl Fn(&str)) -> Result<Self, Failure> {
        Self::obtain_with(request, waiting, |_| {
            Err(Failure::new("this program has no set-up"))
        })
    }

    /// Obtains it like [`obtain`](Self::obtain); `set_up` runs the set-up, if the daemon says that
    /// it is this client's turn.
    ///
    /// # Errors
    /// The same, or if the set-up fails, here or in another process.
    pub fn obtain_with(
        request: &LeaseRequest,
        waiting: impl Fn(&str),
        set_up: impl Fn(LayerBuild) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let began = Instant::now();
        for attempt in 1.. {
            match Self::ask(request, &waiting, &set_up) {
                Ok(mut lease) => {
                    lease.took = began.elapsed();
                    return Ok(lease);
                }
                // Nothing of the job has begun, so the next daemon can do it.
                Err(Refusal::Gone(_)) if attempt < STARTS => std::thread::sleep(pause(attempt)),
                Err(Refusal::Gone(failure) | Refusal::Final(failure)) => return Err(failure),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// Returns where the host has which ports of the guest, a line for each.
    #[must_use]
    pub fn forwards(&self, guest: &str) -> Vec<String> {
        let forwards = self.granted.forwards.iter();
        let told = forwards.map(|forwarded| {
            let (port, at) = (forwarded.port, forwarded.at);
            format!("port {port} of guest `{guest}` is at {at} until its instance ends")
        });
        told.collect()
    }

    fn ask(
        request: &LeaseRequest,
        waiting: &impl Fn(&str),
        set_up: &impl Fn(LayerBuild) -> Result<(), Failure>,
    ) -> Result<Self, Refusal> {
        let guest = &request.guest;
        let mut connection = Connection::open().map_err(Refusal::Final)?;
        let lost = |error: io::Error| {
            let what = format!("cannot lease guest `{guest}`");
            if is_gone(&error) {
                let lost = format!("{what}: lost the daemon: {error}");
                Refusal::Gone(Failure::new(lost).because(Tried::Descriptor, &error))
            } else {
                Refusal::Final(
                    Failure::new(format!("{what}: the daemon does not answer: {error}"))
                        .hint(cure(&error)),
                )
            }
        };
        let asked = Instant::now();
        connection
            .send(&Request::Lease(Box::new(request.clone())))
            .map_err(lost)?;
        let granted = loop {
            match connection.receive().map_err(lost)? {
                Reply::Leased(leased) => break leased,
                Reply::Queued(reason) => waiting(&reason),
                Reply::SetUp(layer) => {
                    let done = Request::HasSetUp(set_up(layer));
                    connection.send(&done).map_err(lost)?;
                }
                Reply::Refused(failure) => return Err(Refusal::Final(failure)),
                other => {
                    return Err(Refusal::Final(Failure::new(format!(
                        "cannot lease guest `{guest}`: the daemon answered {other:?}"
                    ))));
                }
            }
        };
        let daemon = connection.daemon;
        let granted_after = asked.elapsed();
        let mut lease = Self {
            agent: Agent::new(connection.stream, connection.buffer),
            granted,
            kernel: String::new(),
            degraded: None,
            took: Duration::ZERO,
            granted_after,
        };
        lease.await_hello(guest, asked, daemon)?;
        Ok(lease)
    }

    fn await_hello(&mut self, guest: &str, asked: Instant, daemon: u32) -> Result<(), Refusal> {
        let instance = self.granted.instance.clone();
        let cannot = |cause: String| {
            Failure::new(format!(
                "cannot start instance {instance} of guest `{guest}`: {cause}"
            ))
        };
        let limit = self.granted.boot_timeout;
        let cause = match self.agent.receive(Some(limit + GRACE)) {
            Ok(Some(FromAgent::Hello {
                protocol,
                kernel,
                degraded,
            })) if protocol == PROTOCOL => {
                self.kernel = kernel;
                self.degraded = degraded;
                return Ok(());
            }
            Ok(Some(FromAgent::NotUp(reason))) => reason,
            Ok(Some(FromAgent::Hello { protocol, .. })) => {
                format!("its agent speaks protocol {protocol}, and this program {PROTOCOL}")
            }
            Ok(Some(other)) => format!("its agent began with {other:?}"),
            Ok(None) => return Err(lost(&instance, &cannot)),
            Err(error) if is_gone(&error) => return Err(lost(&instance, &cannot)),
            Err(error) if is_timeout(&error) && is_stopped(daemon) => format!(
                "its agent did not answer within {limit:?}: the daemon, process {daemon}, is stopped"
            ),
            Err(error) if is_timeout(&error) => {
                format!("its agent did not answer within {limit:?}")
            }
            Err(error) => error.to_string(),
        };
        // The instance still lives, and is asked before this lease ends.
        let mut failure = cannot(cause);
        if let Some(lines) = console(&instance) {
            failure = failure.with_console(&lines);
        }
        let took = asked.elapsed();
        record(Record {
            instance,
            outcome: RecordOutcome::NoInstance,
            boot: took.saturating_sub(self.granted.waited),
            process: None,
            body: None,
            total: took,
            words: Some(failure.text()),
            output: Vec::new(),
            said: Vec::new(),
            nodes: Vec::new(),
        });
        Err(Refusal::Final(failure))
    }

    /// Follows the job that the agent has just been sent, which has so much time.
    pub fn follow(&mut self, limit: Option<Duration>, follower: &mut dyn Follower) -> Followed {
        self.agent.follow(limit, follower)
    }

    /// Returns how it came up, as this node of a lab.
    #[must_use]
    pub fn times(&self, node: &str) -> NodeTimes {
        NodeTimes {
            node: node.to_owned(),
            description: self.granted.description.clone(),
            startup: self.granted.startup,
            prepare: self.granted_after,
            boot: self.took.saturating_sub(self.granted_after),
        }
    }

    /// Why the agent has not said how its job ended.
    #[must_use]
    pub fn cause_of(&self, lost: Lost) -> Failure {
        cause_of(lost, &self.granted.instance)
    }

    /// Ends the channel of this lease's own job, if it is one of several: see [`Channels`].
    ///
    /// [`Channels`]: super::Channels
    pub fn end_channel(&self) {
        self.agent.end_channel();
    }

    /// Ends the lease at once, whoever else has a handle of the stream.
    pub fn give_up(self) {
        self.agent.hang_up();
    }

    /// Returns why the stream ended before the job did.
    #[must_use]
    pub fn cause_of_death(&self) -> Failure {
        cause_of_death(&self.granted.instance)
    }

    /// Returns whether the kernel has killed a process of the instance because memory ran out.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        exit_report(&self.granted.instance).is_some_and(|exit_report| exit_report.oom_kills > 0)
    }
}

/// Why the agent of an instance has not said how its job ended.
#[must_use]
pub fn cause_of(lost: Lost, instance: &str) -> Failure {
    match lost {
        Lost::Died => cause_of_death(instance),
        Lost::Failed(failure) => failure,
    }
}

fn cause_of_death(instance: &str) -> Failure {
    match exit_report(instance) {
        Some(exit_report) => exit_report
            .cause
            .unwrap_or_else(|| Failure::new("the guest has closed the connection")),
        None => Failure::new("the guest died, and the daemon that held it is gone too"),
    }
}

/// Returns why an instance ended before its agent answered.
fn lost(instance: &str, cannot: &dyn Fn(String) -> Failure) -> Refusal {
    let ended = "it ended before its agent answered";
    match exit_report(instance) {
        Some(exit_report) => {
            let cause = exit_report.cause;
            Refusal::Final(cause.unwrap_or_else(|| cannot(ended.to_owned())))
        }
        None => Refusal::Gone(cannot(format!(
            "{ended}, and the daemon that held it is gone too"
        ))),
    }
}
