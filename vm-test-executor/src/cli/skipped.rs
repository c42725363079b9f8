//! `vm-test skipped`: which tests the last run has skipped, because their guests could not be had. Reads what the test
//! processes have written down.

use super::args::ReportArgs;
use super::output::{harmless, say, say_json};
use super::target;
use serde::Serialize;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use vm_test::protocol::failure::Failure;

/// What stands before the name of each test.
const MARK: &str = "skipped: ";

/// One test.
#[derive(Debug, Serialize)]
struct Skipped {
    run: String,
    name: String,
    reason: String,
}

/// Prints them by name, and how many there are.
pub(super) fn run(args: ReportArgs) -> Result<(), Failure> {
    let target = target::directory().ok_or_else(|| {
        Failure::new("cannot find cargo's target directory: this is no workspace")
            .hint("call this in the workspace whose tests ran, or set CARGO_TARGET_DIR")
    })?;
    let skipped = last_run(&target.join("vm-test/skipped"))?;
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
    let run = skipped.first().map(|test| harmless(&test.run));
    let run = run.unwrap_or_default();
    text += &match skipped.len() {
        0 => "no test was skipped\n".to_owned(),
        1 => format!("1 test was skipped in run {run}\n"),
        count => format!("{count} tests were skipped in run {run}\n"),
    };
    say(&text)
}

/// The tests of the last run that has skipped one.
fn last_run(directory: &Path) -> Result<Vec<Skipped>, Failure> {
    let Some(file) = last_list(directory)? else {
        return Ok(Vec::new());
    };
    let run = file.file_stem().unwrap_or_default().to_string_lossy();
    let bytes = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let tests = text.lines().filter_map(|line| {
        let (name, reason) = line.strip_prefix(MARK)?.split_once(": ")?;
        Some(Skipped {
            run: run.clone().into_owned(),
            name: name.to_owned(),
            reason: reason.to_owned(),
        })
    });
    Ok(tests.collect())
}

/// The list that was written to last. A directory that is not there has none.
fn last_list(directory: &Path) -> Result<Option<PathBuf>, Failure> {
    let cannot = |error| unreadable(directory, &error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    let mut lists = Vec::new();
    for entry in entries {
        let entry = entry.map_err(cannot)?;
        match entry.metadata().and_then(|meta| meta.modified()) {
            Ok(modified) => lists.push((modified, entry.path())),
            // A run that has just begun forgets old ones.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&entry.path(), &error)),
        }
    }
    Ok(lists.into_iter().max().map(|(_, path)| path))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}
