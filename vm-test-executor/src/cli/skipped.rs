//! `vm-test skipped`: which tests the last run has skipped, because their guests could not be had. Reads what the test
//! processes have written down.

use super::args::RunReportArgs;
use super::output::{harmless, say, say_json};
use super::target;
use serde::Serialize;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
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
pub(super) fn run(args: &RunReportArgs) -> Result<(), Failure> {
    let target = target::directory().ok_or_else(|| {
        Failure::new("cannot find cargo's target directory: this is no workspace")
            .hint("call this in the workspace whose tests ran, or set CARGO_TARGET_DIR")
    })?;
    let skipped = of_run(&target.join("vm-test"), args.run.as_deref())?;
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

/// The tests that a run has skipped: the last one, unless the beginning of its name is given. A run that has skipped none has
/// no list, so that the lists alone do not say which is the last.
fn of_run(directory: &Path, wanted: Option<&str>) -> Result<Vec<Skipped>, Failure> {
    let lists = directory.join("skipped");
    let mut runs = files(&lists, "txt")?;
    if wanted.is_none() {
        runs.extend(files(&directory.join("runs"), "jsonl")?);
    }
    runs.sort();
    let name = |file: &Path| {
        let stem = file.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let mut names = runs.iter().rev().map(|(_, file)| name(file));
    let Some(run) = names.find(|run| wanted.is_none_or(|wanted| run.starts_with(wanted))) else {
        return Ok(Vec::new());
    };
    let file = lists.join(format!("{run}.txt"));
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&file, &error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let tests = text.lines().filter_map(|line| {
        let (name, reason) = line.strip_prefix(MARK)?.split_once(": ")?;
        Some(Skipped {
            run: run.clone(),
            name: name.to_owned(),
            reason: reason.to_owned(),
        })
    });
    Ok(tests.collect())
}

/// The files of this kind, with the times when they were written to last. A directory that is not there has none.
fn files(directory: &Path, extension: &str) -> Result<Vec<(SystemTime, PathBuf)>, Failure> {
    let cannot = |error| unreadable(directory, &error);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(cannot)?;
        if entry.path().extension().is_none_or(|end| end != extension) {
            continue;
        }
        match entry.metadata().and_then(|meta| meta.modified()) {
            Ok(modified) => files.push((modified, entry.path())),
            // A run that has just begun forgets old ones.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&entry.path(), &error)),
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_run_that_skips_nothing_is_the_last_one_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str, age: u64| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            let time = SystemTime::now() - Duration::from_secs(age);
            file.set_modified(time).unwrap();
        };
        let names = |wanted| {
            let skipped = of_run(dir.path(), wanted).unwrap();
            let names = skipped
                .iter()
                .map(|test| format!("{}/{}", test.run, test.name));
            names.collect::<Vec<_>>()
        };
        assert!(names(None).is_empty());
        write("skipped/run-1.txt", "skipped: a::b: no image\n", 30);
        write("runs/run-1.jsonl", "{}\n", 31);
        assert_eq!(names(None), ["run-1/a::b"]);
        write("runs/run-2.jsonl", "{}\n", 20);
        assert!(names(None).is_empty());
        assert_eq!(names(Some("run-1")), ["run-1/a::b"]);
        assert!(names(Some("run-2")).is_empty());
        write("skipped/run-3.txt", "skipped: c::d: no image\n", 10);
        assert_eq!(names(None), ["run-3/c::d"]);
    }
}
