//! Turns what a guest has reported into the result of a test and its message. Raises no panic.

use super::caller::CURE;
use super::conclusion::Conclusion;
use super::watch::Course;
use crate::client::Lease;
use crate::site::{Panics, Site};
use signal_hook::low_level::signal_name;
use vm_test_protocol::agent::{End, Ended};
use vm_test_protocol::body::BodyOutcome;
use vm_test_protocol::failure::Failure;
use vm_test_settings::quantity::show_duration;

/// How many of the last lines of a killed test are quoted, and how many characters of each.
const LAST_LINES: usize = 5;
const LONGEST_LINE: usize = 200;

/// The signal with which a system call filter kills.
const SIGSYS: i32 = 31;

impl Course {
    /// Returns what libtest is to be told.
    pub(super) fn conclude(&self, lease: &Lease, site: &Site, test: &str) -> Conclusion {
        match (&self.ended, &self.lost) {
            (Some(ended), None) => conclude(lease, site, test, self, ended),
            (_, Some(failure)) => Conclusion::NoVerdict(failure.clone()),
            (None, None) => Conclusion::NoVerdict(Failure::new("the guest has said nothing")),
        }
    }
}

fn conclude(lease: &Lease, site: &Site, test: &str, course: &Course, ended: &Ended) -> Conclusion {
    let seen = &course.seen;
    if ended.dropped_bytes > 0 {
        eprintln!(
            "vm-test: the test wrote too much; {} more bytes of its output were dropped",
            ended.dropped_bytes
        );
    }
    let breach = seen.stray.clone().or_else(|| ended.breach.clone());
    if let Some(breach) = breach {
        return Conclusion::NoVerdict(Failure::new(format!(
            "invalid verdict: the guest broke the protocol: {breach}"
        )));
    }
    if let End::Exited(code) = ended.end
        && let Some(verdict) = &seen.verdict
        && fits(code, verdict, site.panics)
    {
        return match verdict {
            BodyOutcome::Passed => Conclusion::Passed,
            BodyOutcome::Panicked(message) => Conclusion::Panicked(message.clone()),
            BodyOutcome::Returned(reason) => Conclusion::Failed(reason.clone()),
        };
    }
    if !seen.begun && is_unknown(ended) {
        return Conclusion::NoVerdict(unknown(site, test));
    }
    Conclusion::NoVerdict(no_verdict(lease, site, course, ended))
}

/// Returns whether the harness in the guest, which is the same as here, has no test with the given
/// name.
fn is_unknown(ended: &Ended) -> bool {
    const WORDS: &[u8] = b"running 0 tests";
    let mut windows = ended.preamble.windows(WORDS.len());
    ended.end == End::Exited(0) && windows.any(|window| window == WORDS)
}

fn unknown(site: &Site, test: &str) -> Failure {
    Failure::new(format!(
        "cannot tell which test calls `{}` at {}:{}: it is called on a thread named `{test}`, and no test has this name",
        site.function, site.file, site.line
    ))
    .hint(CURE)
}

/// Returns whether libtest in the guest may end its process with this code after this verdict.
///
/// Any other code means that something else has ended the process after the body, or has failed the
/// test there.
fn fits(code: i32, verdict: &BodyOutcome, panics: Panics) -> bool {
    match (code, verdict, panics) {
        (0, _, _) => true,
        // libtest here reports once more that the test did not panic as expected.
        (101, BodyOutcome::Passed, Panics::Pass) => true,
        (101, BodyOutcome::Passed, Panics::Fail | Panics::Unknown) => false,
        (101, _, _) => true,
        _ => false,
    }
}

/// Describes how the job ended without a valid verdict.
fn no_verdict(lease: &Lease, site: &Site, course: &Course, ended: &Ended) -> Failure {
    let seen = &course.seen;
    let (none, after) = if seen.verdict.is_some() {
        ("invalid verdict", "after its verdict")
    } else {
        ("no verdict", "before the test ended")
    };
    let last_panic = || {
        let panic = seen.panics.last().and_then(|panic| panic.message.as_ref());
        panic.map_or(String::new(), |message| format!(" (last panic: {message})"))
    };
    match &ended.end {
        End::Exited(code) if !seen.begun => Failure::new(format!(
            "the test process exited with code {code} before the test began{}",
            quoted(&ended.preamble)
        )),
        End::Exited(101) if cfg!(panic = "abort") => Failure::new(format!(
            "{none}: the test process exited with code 101 {after}{}",
            last_panic()
        ))
        .hint("with panic = \"abort\", libtest runs each test in a child process and exits like this when the child is killed, aborts or exits; its message is above"),
        End::Exited(code) => Failure::new(format!(
            "{none}: the test process exited with code {code} {after}{}",
            last_panic()
        ))
        .hint("a body must return or panic, and nothing else may end its process: neither `std::process::exit` nor a destructor or thread that it leaves behind"),
        End::Signaled(9) if lease.ran_out_of_memory() => out_of_memory(lease, site, ended),
        End::OutOfMemory => out_of_memory(lease, site, ended),
        End::Signaled(signal) => {
            let failure = Failure::new(format!(
                "{none}: signal {signal} ({}) killed the test process {after}{}",
                signal_name(*signal).unwrap_or("unnamed"),
                last_panic()
            ));
            if *signal != SIGSYS {
                return failure;
            }
            failure.hint("its system call filter kills the process at a forbidden call; a body needs `write`, `statx`, `futex` and `getpid` to give its verdict: allow them, make the filter return an error instead, or install it in a process that the test starts")
        }
        End::TimedOut => timed_out(lease, site, course, ended),
        End::NotStarted { reason, obstacle } => {
            Failure::new(format!("cannot start the test binary in the guest: {reason}"))
                .because_of(*obstacle)
        }
    }
}

fn out_of_memory(lease: &Lease, site: &Site, ended: &Ended) -> Failure {
    let megabytes = lease.granted.memory_bytes >> 20;
    Failure::new(format!(
        "the guest ran out of memory ({}) and the test process was killed",
        lease.memory_in_words(ended.files_bytes)
    ))
    .hint(format!(
        "give it more, as in #[on_vm(\"{}\", memory = \"{}M\")]{}",
        site.guest(),
        megabytes * 2,
        lease.other_than_memory(ended.files_bytes)
    ))
}

fn timed_out(lease: &Lease, site: &Site, course: &Course, ended: &Ended) -> Failure {
    let written = course.output.last_lines(LAST_LINES, LONGEST_LINE);
    let how = match lease.granted.keep_for {
        Some(_) => "was stopped (SIGSTOP) for inspection",
        None => "was killed",
    };
    let (what, hint) = if course.told_to_end {
        let what = "the test process on the host received SIGTERM before the test ended; the test";
        let hint =
            "nextest sends SIGTERM when a test exceeds `slow-timeout`, or when it cancels a run";
        (what.to_owned(), hint.to_owned())
    } else {
        let (limit, guest) = (show_duration(lease.granted.timeout), site.guest());
        (
            format!("the test did not end within {limit} and"),
            format!("give it more time, as in #[on_vm(\"{guest}\", timeout = \"5m\")]"),
        )
    };
    let seconds = course.took.as_secs_f64();
    Failure::new(format!("{what} {how}"))
        .with_lines("the last lines that it wrote", &written)
        .with_lines("what it was doing", &ended.last)
        .hint(format!("{hint}; it had run for {seconds:.1} s"))
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
