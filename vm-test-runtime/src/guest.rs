//! The test process inside a guest: lets the body run and reports to the agent. Knows nothing of
//! daemons and hosts.

mod call;
mod channel;
mod mailbox;
mod message;

use crate::outcome::Outcome;
pub(crate) use channel::Channel;
use channel::Refused;
use message::cut;
pub(crate) use message::text_of;
use std::any::Any;
use std::io::Write;
use std::panic::{Location, PanicHookInfo};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use vm_test_protocol::body::{BodyOutcome, FromBody, PanicReport};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::{ENV_CALL, ENV_JOB, ENV_TEST, Edge, frame, output_marker};

/// How many panics of one test are reported; further ones are still printed.
const PANIC_REPORTS: usize = 64;

static ENTERED: AtomicBool = AtomicBool::new(false);

/// Set once this process has run the call that it was started for.
static HAS_CALLED: AtomicBool = AtomicBool::new(false);

/// Set once an agent has been found.
static IS_GUEST: OnceLock<()> = OnceLock::new();

/// Never dropped: the body may have closed the connection, and then this crate must not close the
/// descriptor.
static CHANNEL: OnceLock<Channel> = OnceLock::new();

/// The agent, once the body has begun.
static AGENT: OnceLock<Agent> = OnceLock::new();

/// The job that an agent gave this process.
pub(crate) struct Job {
    nonce: u128,
    test: String,
}

impl Job {
    /// Returns the job of this process, if it runs in a guest.
    pub(crate) fn of_this_process() -> Option<Self> {
        let nonce = std::env::var(ENV_JOB).ok()?;
        Some(Self {
            nonce: u128::from_str_radix(&nonce, 16).ok()?,
            test: std::env::var(ENV_TEST).ok()?,
        })
    }
}

/// The time from just before a body to just after it. Everything that the agent learns of the body
/// goes through it.
pub(crate) struct Scope {
    /// `None` for a body within a body, for which the outer one reports.
    agent: Option<Agent>,
}

/// The agent, as seen by the body's process.
#[derive(Clone)]
struct Agent {
    nonce: u128,
    /// Set when nothing remains to be done before the body.
    began: Arc<OnceLock<Instant>>,
    channel: &'static Channel,
    has_verdict: Arc<AtomicBool>,
}

impl Agent {
    fn is_ours(&self) -> bool {
        self.channel.is_ours()
    }

    /// Sends the verdict, unless it has been sent: where panics abort, libtest panics for a
    /// returned error.
    fn give_verdict(&self, outcome: BodyOutcome) {
        let took = self.began.get().map_or(Duration::ZERO, Instant::elapsed);
        if self.has_verdict.swap(true, Ordering::SeqCst) {
            return;
        }
        mark_output(self.nonce, Edge::End);
        self.send_verdict(outcome, took);
    }

    fn send_verdict(&self, outcome: BodyOutcome, took: Duration) {
        self.channel.tell(&FromBody::Verdict {
            nonce: self.nonce,
            outcome,
            took,
        });
    }
}

impl Scope {
    /// Tells the agent that the body begins, and from here on of every panic.
    ///
    /// Ends the process if there is no agent.
    pub(crate) fn enter(job: Job) -> Self {
        if ENTERED.swap(true, Ordering::SeqCst) {
            // Tests of a harness run at the same time. If there is no agent, the first of them ends
            // the process, and until then none may take itself for a body within a body.
            IS_GUEST.wait();
            return Self { agent: None };
        }
        let opened = Channel::open(job.nonce, job.test.clone());
        // Without a listener this may be the host, whatever the variables say, and there the body
        // must not run.
        if matches!(opened, Err(Refused::NoAgent)) {
            end_process_without_agent(&job.test);
        }
        let _ = IS_GUEST.set(());
        // The agent refuses all processes but the test's own, so nothing passes that should not. A
        // body may start its own binary again, and that child can only report by its exit code. It
        // must know that it was refused, so that it does not mark the end of the output that it
        // shares with its parent.
        let Ok(channel) = opened else {
            return Self { agent: None };
        };
        let channel = CHANNEL.get_or_init(|| channel);
        let agent = Agent {
            nonce: job.nonce,
            began: Arc::default(),
            channel,
            has_verdict: Arc::default(),
        };
        report_panics(agent.clone());
        let _ = AGENT.set(agent.clone());
        mark_output(job.nonce, Edge::Begin);
        agent.began.get_or_init(Instant::now);
        Self { agent: Some(agent) }
    }

    /// Returns whether this process runs a call instead of the body.
    ///
    /// Afterwards it runs no body either: what calls the test may call it several times.
    pub(crate) fn is_call(&self) -> bool {
        let begins = self.agent.is_some() && std::env::var_os(ENV_CALL).is_some();
        begins || HAS_CALLED.load(Ordering::SeqCst)
    }

    /// Runs the call, unless it has run, and reports what it returned.
    pub(crate) fn call(self) {
        let Some(agent) = self.agent else {
            return;
        };
        let returned = call::run(agent.channel);
        HAS_CALLED.store(true, Ordering::SeqCst);
        if agent.is_ours() {
            agent.channel.tell(&FromBody::Returned(returned));
            agent.give_verdict(BodyOutcome::Passed);
        }
    }

    /// Reports how the body ended, then returns the body's result to libtest.
    pub(crate) fn leave<R: Outcome>(self, result: Result<R, Box<dyn Any + Send>>) -> R {
        let outcome = match &result {
            Ok(value) => match value.failure() {
                None => BodyOutcome::Passed,
                Some(reason) => BodyOutcome::Returned(cut(reason, frame::CAP / 2)),
            },
            Err(payload) => BodyOutcome::Panicked(text_of(payload.as_ref())),
        };
        if let Some(agent) = self.agent.filter(Agent::is_ours) {
            agent.give_verdict(outcome);
        }
        result.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    }
}

/// Returns the connection to the agent, if a body runs in this process.
pub(crate) fn channel() -> Option<&'static Channel> {
    CHANNEL.get()
}

/// Ends the test as if its body had panicked here with this message, whatever the body does, and
/// this process with it.
///
/// Returns if this is not the process of a body, or its test has its verdict.
pub(crate) fn fail(thread: &str, message: &str, location: &Location<'_>) {
    let Some(agent) = AGENT.get().filter(|agent| agent.is_ours()) else {
        return;
    };
    let took = agent.began.get().map_or(Duration::ZERO, Instant::elapsed);
    if agent.has_verdict.swap(true, Ordering::SeqCst) {
        return;
    }
    // Nothing is printed or marked here: the body may hold the locks of its streams. The host prints
    // what it does not find in the output.
    let message = Some(cut(message.to_owned(), frame::CAP / 2));
    agent.channel.tell(&FromBody::Panic(PanicReport {
        thread: Some(thread.to_owned()),
        message: message.clone(),
        location: Some(location.to_string()),
    }));
    agent.send_verdict(BodyOutcome::Panicked(message), took);
    std::process::exit(101)
}

/// Ends the whole test process, with a message that libtest does not capture.
///
/// A test that should panic would pass by a panic, and another one by a return.
fn end_process_without_agent(test: &str) -> ! {
    let failure = Failure::new(format!(
        "cannot run the body of `{test}`: {ENV_JOB} says that this is a guest, and no agent listens here"
    ))
    .hint(format!(
        "unset {ENV_JOB} and {ENV_TEST}; in a guest, a test binary that is started under another root directory cannot reach its agent"
    ));
    let _ = writeln!(std::io::stderr(), "error: {failure}");
    std::process::exit(101)
}

/// Separates the body's output from libtest's.
///
/// Errors are ignored: the body may have closed its streams.
fn mark_output(nonce: u128, edge: Edge) {
    let marker = output_marker(nonce, edge);
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&marker).and_then(|()| stdout.flush());
    let _ = std::io::stderr().lock().write_all(&marker);
}

/// Reports every panic before the previous hook prints it, so that the report is sent even if the
/// process then aborts.
///
/// Where panics abort, this hook is the last code to run, so it also sends the verdict. The
/// previous hook is libtest's there, which would end the process; the one below it is the standard
/// library's, which prints.
fn report_panics(agent: Agent) {
    let sent = AtomicUsize::new(0);
    let mut previous = std::panic::take_hook();
    if cfg!(panic = "abort") {
        previous = std::panic::take_hook();
    }
    std::panic::set_hook(Box::new(move |info| {
        let is_ours = agent.is_ours();
        if is_ours && sent.fetch_add(1, Ordering::Relaxed) < PANIC_REPORTS {
            agent.channel.tell(&FromBody::Panic(report(info)));
        }
        previous(info);
        if cfg!(panic = "abort") && is_ours {
            agent.give_verdict(BodyOutcome::Panicked(text_of(info.payload())));
            std::process::exit(101);
        }
    }));
}

fn report(info: &PanicHookInfo<'_>) -> PanicReport {
    PanicReport {
        thread: std::thread::current().name().map(str::to_owned),
        message: text_of(info.payload()),
        location: info.location().map(ToString::to_string),
    }
}
