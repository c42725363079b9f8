//! The host's side of one test: lease, job, output, verdict, and what libtest is told. Never runs a body.
//!
//! The rule of this module: it returns to its caller only for a test whose guest said `Passed`, with this job's nonce,
//! and whose process then ended without a signal. Everything else ends the test as a failure.

mod aloud;
mod caller;
mod harness;
mod harvest;
mod job;
mod lease;
mod lineage;
mod listing;
mod reason;
mod record;
mod report;
mod skip;
mod tail;
mod termination;
mod tracer;
mod unknown;
mod verdict;
mod watch;

use crate::guest::text_of;
use crate::last_resort;
use crate::protocol::failure::Failure;
use crate::site::{Panics, Site};
use crate::variables;
use std::time::Instant;
use termination::InGuest;

/// How a test on a guest ended, as far as libtest is concerned.
#[derive(Debug)]
enum Conclusion {
    /// The guest said so.
    Passed,
    /// The body panicked, with this message if it was a string. A `should_panic` test may pass by this.
    Panicked(Option<String>),
    /// The body returned an error.
    Failed(String),
    /// No valid verdict. No test passes with this, not even one that should panic.
    NoVerdict(Failure),
}

/// What a test that panicked with something else than a string panics with on the host.
struct NotAString;

/// What became of a test.
enum Fate {
    Ran(Conclusion),
    /// Its guest is not available, and the user wants such tests skipped.
    Skipped(String, Failure),
}

/// Has the calling test run in a guest. Returns only if it passed there.
pub(crate) fn dispatch(site: &'static Site) {
    // A panic of this crate's own is no verdict, and a test may pass by panicking: `print!` panics where the stream behind it
    // cannot be written.
    let fate = std::panic::catch_unwind(|| have_run(site)).unwrap_or_else(|payload| {
        let words = text_of(payload.as_ref()).unwrap_or_default();
        let failure = Failure::new(format!("cannot have the test run in a guest: {words}"));
        Fate::Ran(Conclusion::NoVerdict(failure))
    });
    match fate {
        Fate::Skipped(test, failure) => skip::record(site, &test, &failure),
        Fate::Ran(conclusion) => tell(site, conclusion),
    }
}

fn have_run(site: &'static Site) -> Fate {
    let test = listing::refuse(site)
        .and_then(|()| variables::skips_missing())
        .and_then(|_| caller::name_of_test(site));
    let test = match test {
        Ok(test) => test,
        Err(failure) => {
            eprintln!("error: {failure}");
            return Fate::Ran(Conclusion::NoVerdict(failure));
        }
    };
    unknown::warn(site, &test);
    let began = Instant::now();
    let mut lease = match lease::obtain(site, &test) {
        Ok(lease) => lease,
        Err(failure) => {
            if failure.missing && skip::is_wanted() && skip::is_possible(site, &test) {
                return Fate::Skipped(test, failure);
            }
            report::refused(site, &test, &failure);
            return Fate::Ran(Conclusion::NoVerdict(failure));
        }
    };
    tracer::warn(site, &test, &lease);
    let in_guest = InGuest::enter();
    let course = watch::run(&mut lease, site, &test, &in_guest);
    let conclusion = course.conclude(&lease, site, &test);
    record::tell(&lease, &conclusion, &course, began.elapsed());
    let is_failure = is_failure(site, &conclusion);
    if is_failure || !matches!(conclusion, Conclusion::Passed) {
        let output = course.output.to_vec();
        // Where libtest is satisfied, no reason is needed.
        if is_failure {
            report::unseen(&reason::unseen(&conclusion, &course.seen.panics, &output));
        }
        report::failed(site, &test, &lease, &conclusion, &output);
    }
    if is_failure && lease.granted.keep_for.is_some() {
        report::kept(&lease, course.keep(&lease));
    }
    // The instance goes before the test ends, so that its end never overlaps the next test's start in this process.
    drop(lease);
    drop(in_guest);
    Fate::Ran(conclusion)
}

/// Tells libtest.
fn tell(site: &Site, conclusion: Conclusion) {
    match conclusion {
        Conclusion::Passed => {}
        Conclusion::Panicked(Some(message)) => raise(message),
        Conclusion::Panicked(None) if cfg!(panic = "abort") => std::panic::panic_any(NotAString),
        Conclusion::Panicked(None) => std::panic::resume_unwind(Box::new(NotAString)),
        // It was no panic there, and must not look like one to whoever waits for one.
        Conclusion::Failed(reason) => fail(site, &Failure::new(reason)),
        Conclusion::NoVerdict(failure) => fail(site, &failure),
    }
}

/// Whether libtest will call it a failure, as far as this can be known: what a panic has to say is libtest's business, and
/// of a case that was generated nobody says whether it should panic.
fn is_failure(site: &Site, conclusion: &Conclusion) -> bool {
    match conclusion {
        Conclusion::Passed => site.panics == Panics::Pass,
        Conclusion::Panicked(_) => site.panics != Panics::Pass,
        Conclusion::Failed(_) | Conclusion::NoVerdict(_) => true,
    }
}

/// Panics with the guest's words. The guest has printed them already, so the hook need not; except where only the hook
/// tells libtest, which is when panics abort.
fn raise(message: String) -> ! {
    if cfg!(panic = "abort") {
        std::panic::panic_any(message);
    }
    std::panic::resume_unwind(Box::new(message))
}

/// Fails a test that has not panicked and must not pass. Returns for a test that would pass by panicking: libtest then says that it did not.
fn fail(site: &Site, failure: &Failure) {
    match site.panics {
        Panics::Fail if caller::fails_by_panicking(site) => raise(failure.message.clone()),
        Panics::Pass => {}
        // Neither panicking nor returning is safe here, since either could make the test pass.
        Panics::Fail | Panics::Unknown => last_resort::end_process(site, &failure.message),
    }
}
