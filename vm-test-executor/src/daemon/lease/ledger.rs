//! The files that record the times of tests, one per run, and the logs of tests that did not pass.
//! Writes below cargo's target directory, and keeps only the latest runs. Nothing here can make a
//! test fail.

use super::super::instance::Event;
use super::super::regular;
use super::registry::{Living, Registry};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};
use vm_test_protocol::daemon::{LeaseRequest, Leased};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::record::{Log, NodeTimes, Record, RecordOutcome, RunEntry};
use vm_test_runtime::harvest::forget_old_runs;

/// The version of the format of a line.
const SCHEMA: u32 = 1;

/// What is recorded about one test.
struct Page {
    entry: RunEntry,
    instance: String,
    line: Value,
    log: Option<String>,
    /// The lab's own name, and its log.
    lab: Option<(String, String)>,
}

/// How an instance ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum End<'a> {
    /// Its client released it; with the guest's last message, if any.
    Released(Option<&'a str>),
    /// For another reason.
    Cause(&'a Failure),
}

/// Returns whether an instance's test process is gone without a report.
pub(super) fn is_lost(registry: &Registry, instance: &str, event: Event) -> bool {
    let is_silent = |living: &mut Living| living.entry.is_some() && living.record.is_none();
    event == Event::Released && registry.with(instance, is_silent) == Some(true)
}

/// Records what is known about an instance's test, unless it is recorded already or there is no
/// test.
///
/// `rollback` is how long the instance took to destroy.
pub(super) fn close(registry: &Registry, instance: &str, end: End<'_>, rollback: Option<Duration>) {
    let page = registry.with(instance, |living| {
        let entry = living.entry.take()?;
        Some(page(living, entry, end, rollback))
    });
    if let Some(Some(page)) = page {
        // On a full disk the times are lost, but no test fails for it.
        let _ = write(&page);
    }
}

/// Records a test that got no instance, or whose instance could not be started, and why. Requests
/// that are not for a test are ignored.
pub(super) fn close_unopened(
    request: &LeaseRequest,
    asked: SystemTime,
    granted: Option<&Leased>,
    failure: &Failure,
) {
    let Some(entry) = request.entry.clone() else {
        return;
    };
    let (outcome, words) = ("no-instance", failure.to_string());
    let instance = granted.map_or(String::new(), |granted| granted.instance.clone());
    let none = None::<u64>;
    let line = json!({
        "schema": SCHEMA,
        "run": entry.run,
        "package": entry.package,
        "test": entry.test,
        "guest": request.guest,
        "description": granted.map_or("", |granted| &granted.description),
        "instance": instance,
        "outcome": outcome,
        "words": words,
        "began_us": micros(asked.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
        "wait_us": micros(granted.map_or(Duration::ZERO, |granted| granted.waited)),
        "boot_us": none,
        "nodes": [],
        "start_us": none,
        "body_us": none,
        "rollback_us": none,
        "total_us": micros(asked.elapsed().unwrap_or_default()),
        "kept": false,
    });
    // Without an instance there is no name for a log, and the line says everything.
    let has_name = !instance.is_empty();
    let log = has_name.then(|| describe(&entry, outcome, Some(words), Log::default()));
    let _ = write(&Page {
        entry,
        instance,
        line,
        log,
        lab: None,
    });
}

fn page(living: &Living, entry: RunEntry, end: End<'_>, rollback: Option<Duration>) -> Page {
    let record = living.record.as_ref();
    let outcome = match (record.map(|record| record.outcome), end) {
        (Some(RecordOutcome::Passed), _) => "passed",
        (Some(RecordOutcome::Panicked), _) => "panicked",
        (Some(RecordOutcome::Failed), _) => "failed",
        (Some(RecordOutcome::NoInstance), _) => "no-instance",
        (Some(RecordOutcome::NoVerdict), _) | (None, End::Cause(_)) => "no-verdict",
        (None, End::Released(_)) => "lost",
    };
    let words = record.and_then(|record| record.words.clone());
    let words = words.or_else(|| match end {
        End::Cause(cause) => Some(cause.text()),
        End::Released(words) if record.is_none() => {
            let words = words.map_or(String::new(), |words| format!("\n{words}"));
            Some(format!(
                "its test process ended without reporting a result{words}"
            ))
        }
        End::Released(_) => None,
    });
    let process = record.and_then(|record| record.process);
    let body = record.and_then(|record| record.body);
    let mut line = json!({
        "schema": SCHEMA,
        "run": entry.run,
        "package": entry.package,
        "test": entry.test,
        "guest": living.status.guest,
        "description": living.status.description,
        "instance": living.status.instance,
        "outcome": outcome,
        "began_us": micros(living.asked.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()),
        "wait_us": micros(living.granted.waited),
        "boot_us": record.map(|record| micros(record.boot)),
        "nodes": record.map_or_else(Vec::new, nodes),
        "start_us": process.map(|process| micros(process.saturating_sub(body.unwrap_or_default()))),
        "body_us": body.map(micros),
        "rollback_us": rollback.map(micros),
        "total_us": record.map(|record| micros(record.total)),
        "kept": living.kept.is_some(),
    });
    if outcome == "no-instance" {
        line["words"] = json!(words);
    }
    let log = (outcome != "passed").then(|| describe(&entry, outcome, words, living.log()));
    let lab = living.lab_log.clone().zip(living.status.lab.clone());
    let lab = lab.map(|(log, node)| (node.lab, title(&entry, outcome) + &of_lab(&log)));
    Page {
        entry,
        instance: living.status.instance.clone(),
        line,
        log,
        lab,
    }
}

/// Returns how the nodes of a test's lab came up.
fn nodes(record: &Record) -> Vec<Value> {
    let node = |times: &NodeTimes| {
        json!({
            "node": times.node,
            "description": times.description,
            "startup": times.startup.name(),
            "prepare_us": micros(times.prepare),
            "boot_us": micros(times.boot),
        })
    };
    record.nodes.iter().map(node).collect()
}

/// Returns the first line of a log.
fn title(entry: &RunEntry, outcome: &str) -> String {
    let RunEntry { test, package, .. } = entry;
    format!("test {test} of package {package}: {outcome}\n")
}

/// Formats what all nodes of a lab have written.
fn of_lab(log: &str) -> String {
    format!("--- what all nodes wrote, by one clock (UTC)\n{log}")
}

/// Returns a log in the form in which it is stored.
fn describe(entry: &RunEntry, outcome: &str, words: Option<String>, log: Log) -> String {
    let mut text = title(entry, outcome);
    // A test process that was killed has not reported what its test wrote.
    if outcome == "lost" && log.output.is_none() {
        text += &parts(&Log { words, ..log });
        return text + "--- output of the test unknown: its process ended before reporting it\n";
    }
    text + &parts(&Log { words, ..log })
}

/// Formats the log of a living instance for people, part by part.
#[must_use]
pub fn describe_log(log: &Log) -> String {
    if let Some(log) = &log.lab {
        return of_lab(log);
    }
    let unknown = match log.output {
        None => {
            "--- output of the test not available yet: it is reported when the test has ended\n"
        }
        Some(_) => "",
    };
    parts(log) + unknown
}

fn parts(log: &Log) -> String {
    let mut text = String::new();
    if let Some(words) = &log.words {
        text += &format!("--- why the test failed\n{}\n", words.trim_end());
    }
    if let Some(console) = &log.console {
        text += &format!("--- console\n{}\n", console.join("\n"));
    }
    let Some(output) = &log.output else {
        return text;
    };
    let end = if output.is_empty() || output.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    text + &format!("--- output of the test\n{output}{end}")
}

fn write(page: &Page) -> std::io::Result<()> {
    let RunEntry { directory, run, .. } = &page.entry;
    if !RunEntry::is_run(run) {
        return Err(ErrorKind::InvalidInput.into());
    }
    let runs = Path::new(directory).join("runs");
    fs::create_dir_all(directory)?;
    regular::make_private(&runs)?;
    let path = runs.join(format!("{run}.jsonl"));
    let mut file = match regular::open(&path, File::options().append(true).create_new(true)) {
        Ok(file) => {
            forget_old_runs(&runs, "jsonl");
            file
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            regular::open(&path, File::options().append(true))?
        }
        Err(error) => return Err(error),
    };
    // In one write: several daemons, of root or of another version, may append at the same time.
    file.write_all(format!("{}\n", page.line).as_bytes())?;
    let of_instance = page.log.iter().map(|log| (&page.instance, log));
    for (name, log) in of_instance.chain(page.lab.iter().map(|(name, log)| (name, log))) {
        let logs = runs.join(run);
        regular::make_private(&logs)?;
        let path = logs.join(format!("{name}.log"));
        regular::write(&path, log.as_bytes())?;
    }
    Ok(())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
