//! Which run a test belongs to, and what the daemon is told about the test at its end. Writes no
//! file itself.

use super::conclusion::Conclusion;
use super::watch::Course;
use super::{job, lineage, reason};
use crate::cargo;
use crate::client::{self, Lease};
use crate::site::Site;
use std::path::PathBuf;
use std::time::Duration;
use vm_test_protocol::record::{Record, RecordOutcome, RunEntry};

/// The longest name of a run, in bytes.
const LONGEST: usize = 100;

/// Returns where the test's times belong, if there is a target directory.
pub(super) fn entry(site: &Site, test: &str) -> Option<RunEntry> {
    let directory = target(site)?.join("vm-test");
    Some(RunEntry {
        directory: directory.to_str()?.to_owned(),
        run: run(),
        package: site.package.to_owned(),
        test: test.to_owned(),
    })
}

/// Returns cargo's target directory. Where binaries were unpacked from an archive there may be
/// none.
fn target(site: &Site) -> Option<PathBuf> {
    let binary = job::binary().ok()?;
    cargo::target(&binary)
        .or_else(|| Some(job::workspace(site).join("target")).filter(|dir| dir.is_dir()))
}

/// Returns the name of the run: nextest's name for it, else the start of cargo that this process
/// descends from, else this process.
pub(super) fn run() -> String {
    if let Ok(id) = std::env::var("NEXTEST_RUN_ID")
        && is_plain(&id)
    {
        return id;
    }
    let lineage = lineage::of_this_process();
    let cargo = lineage.iter().find(|process| process.name == "cargo");
    match (cargo, lineage.first()) {
        (Some(cargo), _) => format!("cargo-{}-{}", cargo.start, cargo.id),
        (None, Some(own)) => format!("process-{}-{}", own.start, own.id),
        (None, None) => format!("process-{}", std::process::id()),
    }
}

/// Returns whether a name is safe as a file name.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(allowed)
}

/// Tells the daemon what only this process knows.
///
/// Without a daemon nothing is recorded, which does not affect the test.
pub(super) fn tell(lease: &Lease, conclusion: &Conclusion, course: &Course, total: Duration) {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let (outcome, words) = match conclusion {
        Conclusion::Passed => (RecordOutcome::Passed, None),
        Conclusion::Panicked(words) => (
            RecordOutcome::Panicked,
            reason::of_panic(words.as_deref(), course.seen.panics.last()),
        ),
        Conclusion::Failed(words) => (RecordOutcome::Failed, Some(words.clone())),
        Conclusion::NoVerdict(failure) => (RecordOutcome::NoVerdict, Some(failure.message.clone())),
    };
    let output = match conclusion {
        Conclusion::Passed => Vec::new(),
        _ => course.output.to_vec(),
    };
    let ended = course.ended.as_ref();
    client::record(Record {
        instance: lease.granted.instance.clone(),
        outcome,
        boot: micros(lease.took).saturating_sub(lease.granted.waited),
        process: ended.and_then(|ended| believable(ended.micros, course.took)),
        body: ended.and_then(|ended| believable(ended.body?, course.took)),
        total: micros(total),
        words: words.map(|words| words.chars().take(MOST_WORDS).collect()),
        output,
    });
}

/// Returns a time by the guest's clock, in microseconds, unless that clock was wrong: the time
/// cannot exceed that on the host.
fn believable(guest: u64, here: Duration) -> Option<u64> {
    (u128::from(guest) <= (here + DRIFT).as_micros()).then_some(guest)
}

/// How much two clocks may differ.
const DRIFT: Duration = Duration::from_secs(1);

/// How many characters of a failure's message are sent.
const MOST_WORDS: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_that_says_that_it_took_longer_than_it_did_is_not_believed() {
        let here = Duration::from_secs(20);
        assert_eq!(believable(20_500_000, here), Some(20_500_000));
        assert_eq!(believable(244_800_000, here), None);
        assert_eq!(believable(u64::MAX, here), None);
    }

    #[test]
    fn only_names_that_can_be_a_files_are_taken_for_runs() {
        for (name, plain) in [
            ("6f9d1c52-0c5b-4f4e-9a56-0b9a0f6f0d6e", true),
            ("../up", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(is_plain(name), plain, "{name:?}");
        }
    }
}
