//! Follows a job from its start to its end and draws the conclusion. Prints the guest's output, judges, raises nothing.

use super::{Conclusion, job};
use crate::client::{Lease, is_timeout};
use crate::protocol::agent::{End, Ended, FromAgent, ToAgent};
use crate::protocol::body::{BodyOutcome, PanicReport};
use crate::protocol::failure::Failure;
use crate::relay::Utf8Stream;
use crate::site::Site;
use std::io;
use std::time::{Duration, Instant};

/// How much longer than the job's own time limit the agent may take to say that it is over.
const GRACE: Duration = Duration::from_secs(5);

/// More output than an agent lets through, in bytes. All of it may have to be kept until the test ends.
const MOST_OUTPUT: usize = 257 << 20;

/// How many messages are taken after the deadline, for they may have waited here. A guest that never falls silent gets no
/// more time than one that does.
const LATE_MESSAGES: usize = 10_000;

/// What the agent has told so far.
#[derive(Default)]
struct Seen {
    begun: bool,
    verdict: Option<BodyOutcome>,
    /// The last panic of any thread, and on which it was.
    panic: Option<PanicReport>,
    stray: Option<String>,
}

/// Runs the test in the leased instance.
pub(super) fn run(lease: &mut Lease, site: &Site, test: &str) -> Conclusion {
    let timeout = lease.granted.timeout;
    let job = match job::for_test(test, &lease.granted.env, timeout) {
        Ok(job) => job,
        Err(failure) => return Conclusion::NoVerdict(failure),
    };
    let nonce = job.nonce;
    let deadline = Instant::now() + Duration::from_millis(timeout) + GRACE;
    // A failure to send shows as the end of the stream, where its cause is known.
    let _ = lease.send(&ToAgent::Job(job));
    let mut seen = Seen::default();
    let (mut stdout, mut stderr) = (Utf8Stream::default(), Utf8Stream::default());
    let (mut output, mut late) = (0, 0);
    let ended = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        late += usize::from(left.is_zero());
        let message = if late > LATE_MESSAGES {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            lease.receive(Some(left))
        };
        if let Ok(Some(FromAgent::Stdout(bytes) | FromAgent::Stderr(bytes))) = &message {
            output += bytes.len();
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
            Ok(Some(FromAgent::Panic(report))) => seen.panic = Some(report),
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
                break Err(Failure::new(format!(
                    "the guest did not answer for {GRACE:?} after the time limit of {timeout} ms"
                ))
                .hint("its agent is stopped or the host is overloaded; `vm-test doctor` looks for the reason"));
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
    match ended {
        Ok(ended) => conclude(lease, site, seen, &ended),
        Err(failure) => Conclusion::NoVerdict(failure),
    }
}

fn conclude(lease: &Lease, site: &Site, seen: Seen, ended: &Ended) -> Conclusion {
    if ended.dropped > 0 {
        eprintln!(
            "vm-test: the test wrote too much; {} more bytes of its output were dropped",
            ended.dropped
        );
    }
    let breach = seen.stray.clone().or_else(|| ended.breach.clone());
    if let Some(breach) = breach {
        return Conclusion::NoVerdict(Failure::new(format!(
            "no verdict that counts: the guest broke the protocol: {breach}"
        )));
    }
    // libtest's own codes. With any other one, something else has ended the process after the body.
    if let End::Exited(0 | 101) = ended.end
        && let Some(verdict) = seen.verdict
    {
        return match verdict {
            BodyOutcome::Passed => Conclusion::Passed,
            BodyOutcome::Panicked(message) => Conclusion::Panicked(message),
            BodyOutcome::Returned(reason) => Conclusion::Failed(reason),
        };
    }
    Conclusion::NoVerdict(no_verdict(lease, site, &seen, ended))
}

/// Names the way in which the job ended without a verdict that counts.
fn no_verdict(lease: &Lease, site: &Site, seen: &Seen, ended: &Ended) -> Failure {
    let seconds = Duration::from_micros(ended.micros).as_secs_f64();
    let (none, after) = if seen.verdict.is_some() {
        ("no verdict that counts", "after its verdict")
    } else {
        ("no verdict", "before the test ended")
    };
    let megabytes = lease.granted.memory >> 20;
    let out_of_memory = || {
        Failure::new(format!(
            "the guest ran out of memory ({megabytes} MiB) and the test process was killed"
        ))
        .hint(format!(
            "give it more, as in #[on_vm(\"{}\", memory = \"{}M\")]",
            site.guest,
            megabytes * 2
        ))
    };
    match &ended.end {
        End::Exited(code) if !seen.begun => Failure::new(format!(
            "the test process exited with code {code} before the test began{}",
            quoted(&ended.preamble)
        )),
        End::Exited(code) => Failure::new(format!(
            "{none}: the test process exited with code {code} {after}"
        ))
        .hint("a body must return or panic, and nothing else may end its process: not `std::process::exit`, and no destructor or thread that it leaves behind"),
        End::Signaled(9) if lease.ran_out_of_memory() => out_of_memory(),
        End::OutOfMemory => out_of_memory(),
        End::Signaled(signal) => {
            let panic = seen.panic.as_ref().and_then(|panic| panic.message.as_ref());
            let panic = panic.map_or(String::new(), |message| format!(" (last panic: {message})"));
            Failure::new(format!(
                "{none}: signal {signal} ({}) killed the test process {after}{panic}",
                signal_name(*signal)
            ))
        }
        End::TimedOut => Failure::new(format!(
            "the test did not end within {} and was killed",
            human(lease.granted.timeout)
        ))
        .hint(format!(
            "give it more time, as in #[on_vm(\"{}\", timeout = \"5m\")]; it had run for {seconds:.1} s",
            site.guest
        )),
        End::NotStarted { reason, .. } => {
            Failure::new(format!("cannot start the test binary in the guest: {reason}"))
        }
    }
}

fn quoted(preamble: &[u8]) -> String {
    let text = String::from_utf8_lossy(preamble);
    let text = text.trim();
    if text.is_empty() {
        String::new()
    } else {
        format!("; it wrote: {text}")
    }
}

fn human(millis: u64) -> String {
    format!("{:?}", Duration::from_millis(millis))
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => "unnamed",
    }
}
