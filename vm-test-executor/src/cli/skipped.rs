//! `vm-test skipped`: lists the tests that the last run skipped because their guests were not
//! available. Reads what the test processes have recorded.

use super::args::RunReportArgs;
use super::output::{harmless, say, say_json};
use super::runs;
use serde::Serialize;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// What precedes the name of each test.
const MARK: &str = "skipped: ";

/// The lists of skipped tests: their directory and their extension.
const LISTS: (&str, &str) = ("skipped", "txt");

/// One skipped test.
#[derive(Debug, Serialize)]
struct Skipped {
    run: String,
    name: String,
    reason: String,
}

/// Prints the tests by name, and their number.
pub(super) fn run(args: &RunReportArgs) -> Result<(), Failure> {
    let skipped = of_run(&runs::directory()?, args.run.as_deref())?;
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

/// Returns the tests that a run skipped: the last run, or the one with this name or a name that
/// begins so.
///
/// A run that skipped nothing has no list, so the lists alone do not tell which runs there are.
fn of_run(directory: &Path, wanted: Option<&str>) -> Result<Vec<Skipped>, Failure> {
    let Some(run) = runs::find(directory, &[LISTS, runs::TIMES], wanted)? else {
        return match wanted {
            Some(_) => Err(runs::none(directory)),
            None => Ok(Vec::new()),
        };
    };
    let (lists, end) = LISTS;
    let file = directory.join(lists).join(format!("{run}.{end}"));
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let failure = format!("cannot read {}: {error}", file.display());
            return Err(Failure::new(failure));
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

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
        assert!(of_run(dir.path(), Some("run-1")).is_err());
        write("skipped/run-1.txt", "skipped: a::b: no image\n", 30);
        write("runs/run-1.jsonl", "{}\n", 31);
        assert_eq!(names(None), ["run-1/a::b"]);
        write("runs/run-2.jsonl", "{}\n", 20);
        assert!(names(None).is_empty());
        assert_eq!(names(Some("run-1")), ["run-1/a::b"]);
        assert!(names(Some("run-2")).is_empty());
        write("skipped/run-3.txt", "skipped: c::d: no image\n", 10);
        assert_eq!(names(None), ["run-3/c::d"]);
        // The beginning of this name is the whole name of another run.
        write("skipped/run-21.txt", "skipped: e::f: no image\n", 5);
        assert!(names(Some("run-2")).is_empty());
        let failure = of_run(dir.path(), Some("run-4")).unwrap_err().to_string();
        let known = "the latest first: run-21, run-3, run-2, run-1";
        assert!(failure.contains("begins with \"run-4\""), "{failure}");
        assert!(failure.contains(known), "{failure}");
    }
}
