//! One test from its name to its conclusion: lease, job, and what is reported of it.

use super::conclusion::{Conclusion, is_failure};
use super::nodes::Nodes;
use super::termination::InGuest;
use super::{
    annotation, caller, harvest, lab_report, lease, libtest, listing, reason, record, report, skip,
    tracer, unknown, watch,
};
use crate::client::Lease;
use crate::guest::text_of;
use crate::site::Site;
use crate::variables;
use std::time::Instant;
use vm_test_protocol::failure::Failure;

/// The result of a test.
enum Fate {
    Ran(Conclusion),
    /// Its guest is not available, and the user wants such tests skipped.
    Skipped(String, Failure),
}

/// Runs the calling test in a guest. Returns only if it passed there.
pub(crate) fn dispatch(site: &'static Site) {
    // A panic of this crate is not a verdict, and a test may pass by panicking: `print!` panics if
    // its stream cannot be written.
    let fate = std::panic::catch_unwind(|| have_run(site)).unwrap_or_else(|payload| {
        let words = text_of(payload.as_ref()).unwrap_or_default();
        let failure = Failure::new(format!("cannot have the test run in a guest: {words}"));
        Fate::Ran(Conclusion::NoVerdict(failure))
    });
    match fate {
        Fate::Skipped(test, failure) => skip::record(site, &test, &failure),
        Fate::Ran(conclusion) => libtest::tell(site, conclusion),
    }
}

fn have_run(site: &'static Site) -> Fate {
    let test = listing::refuse(site)
        .and_then(|()| variables::skips_missing())
        .and_then(|_| annotation::reader())
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
    let obtained = match site.lab {
        Some(lab) => Nodes::obtain(site, &test, lab).map(|(own, nodes)| (own, Some(nodes))),
        None => lease::obtain(site, &test).map(|lease| (lease, None)),
    };
    let (mut lease, mut nodes) = match obtained {
        Ok(obtained) => obtained,
        Err(failure) => {
            if failure.is_missing() && skip::is_wanted() && skip::is_possible(site, &test) {
                return Fate::Skipped(test, failure);
            }
            report::refused(site, &test, &failure);
            let conclusion = Conclusion::NoVerdict(failure);
            annotation::tell(site, &test, &conclusion, &[], None);
            return Fate::Ran(conclusion);
        }
    };
    tracer::warn(site, &test);
    let in_guest = InGuest::enter();
    let course = watch::run(&mut lease, nodes.as_mut(), site, &test, &in_guest);
    let conclusion = course.conclude(&lease, site, &test);
    record::tell(
        &lease,
        nodes.as_ref(),
        &conclusion,
        &course,
        began.elapsed(),
    );
    let is_failure = is_failure(site, &conclusion);
    if is_failure || !matches!(conclusion, Conclusion::Passed) {
        let output = course.output.to_vec();
        // If libtest is satisfied, no reason is needed.
        if is_failure {
            report::unseen(&reason::unseen(&conclusion, &course.seen.panics, &output));
        }
        report::failed(site, &test, &lease, &conclusion, &output);
        if let Some(nodes) = nodes.as_ref().filter(|_| is_failure) {
            lab_report::captured(nodes.capture());
            lab_report::log_of_lab(nodes.lab());
        }
        if is_failure {
            let artifacts = harvest::artifacts(site, &test);
            let panics = &course.seen.panics;
            annotation::tell(site, &test, &conclusion, panics, artifacts.as_deref());
        }
    }
    if is_failure && lease.granted.keep_for.is_some() {
        match &mut nodes {
            Some(nodes) => {
                let is_idle = course.keepable(&lease).map(drop);
                lab_report::kept_lab(nodes.keep(&lease, is_idle));
            }
            None => report::kept(&lease, course.keepable(&lease).and_then(Lease::keep)),
        }
    }
    // The instance is destroyed before the test ends, so that its end never overlaps the next
    // test's start in this process.
    drop(nodes);
    drop(lease);
    drop(in_guest);
    Fate::Ran(conclusion)
}
