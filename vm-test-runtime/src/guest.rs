//! The test process inside a guest: lets the body run and reports to the agent. Knows nothing of daemons and hosts.

use crate::outcome::Outcome;
use crate::protocol::body::{BodyOutcome, FromBody, PanicReport};
use crate::protocol::{BODY_SOCKET, ENV_JOB, ENV_TEST, frame, output_marker};
use std::any::Any;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Reports after which further panics of one test go unreported; they are still printed.
const PANIC_REPORTS: usize = 64;

static ENTERED: AtomicBool = AtomicBool::new(false);

/// The job that an agent gave this process.
pub(crate) struct Job {
    nonce: u128,
    test: String,
}

impl Job {
    /// The job of this process, if it runs in a guest.
    pub(crate) fn of_this_process() -> Option<Self> {
        let nonce = std::env::var(ENV_JOB).ok()?;
        Some(Self {
            nonce: u128::from_str_radix(&nonce, 16).ok()?,
            test: std::env::var(ENV_TEST).ok()?,
        })
    }
}

/// The time from just before to just after a body. Everything the agent learns of the body goes through it.
pub(crate) struct Scope {
    nonce: u128,
    /// `None` for a body within a body, which reports nothing: its outer one does.
    agent: Option<Arc<Mutex<UnixStream>>>,
}

impl Scope {
    /// Tells the agent that the body begins, and from here on of every panic.
    pub(crate) fn enter(job: Job) -> Self {
        if ENTERED.swap(true, Ordering::SeqCst) {
            return Self {
                nonce: job.nonce,
                agent: None,
            };
        }
        let begin = FromBody::Begin {
            nonce: job.nonce,
            test: job.test,
        };
        // Without the agent there can be no verdict, so nothing passes that should not. The agent refuses all processes
        // but the first: a body may start its own binary anew, and that child only has its exit code to speak with.
        let stream = UnixStream::connect(BODY_SOCKET)
            .and_then(|mut stream| frame::write(&mut stream, &begin).map(|()| stream));
        let Ok(stream) = stream else {
            return Self {
                nonce: job.nonce,
                agent: None,
            };
        };
        let agent = Arc::new(Mutex::new(stream));
        report_panics(Arc::clone(&agent));
        mark_output(job.nonce, true);
        Self {
            nonce: job.nonce,
            agent: Some(agent),
        }
    }

    /// Reports how the body ended, then gives libtest what the body gave.
    pub(crate) fn leave<R: Outcome>(self, result: Result<R, Box<dyn Any + Send>>) -> R {
        let outcome = match &result {
            Ok(value) => match value.failure() {
                None => BodyOutcome::Passed,
                Some(reason) => BodyOutcome::Returned(reason),
            },
            Err(payload) => BodyOutcome::Panicked(text_of(payload.as_ref())),
        };
        if let Some(agent) = self.agent {
            mark_output(self.nonce, false);
            let verdict = FromBody::Verdict {
                nonce: self.nonce,
                outcome,
            };
            // If this cannot be sent, the agent has no verdict, and without one no test passes.
            let _ = frame::write(
                &mut *agent.lock().unwrap_or_else(|lock| lock.into_inner()),
                &verdict,
            );
        }
        result.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    }
}

/// Separates the body's output from libtest's. Errors are the body's business: it may have closed its streams.
fn mark_output(nonce: u128, begin: bool) {
    let marker = output_marker(nonce, begin);
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&marker).and_then(|()| stdout.flush());
    let _ = std::io::stderr().lock().write_all(&marker);
}

/// Reports every panic before the previous hook prints it, so that the report is out even if the process then aborts.
fn report_panics(agent: Arc<Mutex<UnixStream>>) {
    let sent = AtomicUsize::new(0);
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if sent.fetch_add(1, Ordering::Relaxed) < PANIC_REPORTS
            && let Ok(mut stream) = agent.lock()
        {
            let _ = frame::write(&mut *stream, &FromBody::Panic(report(info)));
        }
        previous(info);
    }));
}

fn report(info: &PanicHookInfo<'_>) -> PanicReport {
    let backtrace = std::backtrace::Backtrace::capture();
    PanicReport {
        thread: std::thread::current().name().map(str::to_owned),
        message: text_of(info.payload()),
        location: info.location().map(ToString::to_string),
        backtrace: (backtrace.status() == std::backtrace::BacktraceStatus::Captured)
            .then(|| backtrace.to_string())
            .filter(|text| text.len() < frame::CAP / 2),
    }
}

fn text_of(payload: &(dyn Any + Send)) -> Option<String> {
    let text = payload
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())?;
    Some(cut(text, frame::CAP / 2))
}

fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(end.unwrap_or(0));
        text.push_str(" … (cut)");
    }
    text
}
