//! `vm-test skipped`: which tests the last run has skipped, because their guests could not be had. Reads what the test
//! processes have written down.

use super::args::ReportArgs;
use super::output::{harmless, say, say_json};
use super::run::manifest_dir;
use serde::Serialize;
use std::fs;
use std::path::PathBuf;
use vm_test::protocol::failure::Failure;

/// What stands before the name of each test.
const MARK: &str = "skipped: ";

/// One test.
#[derive(Debug, Serialize)]
struct Skipped {
    name: String,
    reason: String,
}

/// Prints them by name, and how many there are.
pub(super) fn run(args: ReportArgs) -> Result<(), Failure> {
    let skipped = last_run()?;
    if args.json {
        return say_json(&skipped);
    }
    let mut text = String::new();
    for test in &skipped {
        text += &format!(
            "{MARK}{}: {}\n",
            harmless(&test.name),
            harmless(&test.reason)
        );
    }
    text += &match skipped.len() {
        0 => "no test was skipped\n".to_owned(),
        1 => "1 test was skipped\n".to_owned(),
        count => format!("{count} tests were skipped\n"),
    };
    say(&text)
}

fn last_run() -> Result<Vec<Skipped>, Failure> {
    let directory = target().join("vm-test/skipped");
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
    let last = entries
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .max();
    let Some((_, file)) = last else {
        return Ok(Vec::new());
    };
    let bytes = fs::read(&file)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
    let text = String::from_utf8_lossy(&bytes);
    let tests = text.lines().filter_map(|line| {
        let (name, reason) = line.strip_prefix(MARK)?.split_once(": ")?;
        Some(Skipped {
            name: name.to_owned(),
            reason: reason.to_owned(),
        })
    });
    Ok(tests.collect())
}

/// The target directory of this workspace.
fn target() -> PathBuf {
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return target.into();
    }
    let here = manifest_dir();
    let root = here
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file());
    root.unwrap_or(&here).join("target")
}
