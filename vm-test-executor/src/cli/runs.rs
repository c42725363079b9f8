//! The files in which daemons have written down the times of tests: finds a run and reads its lines. Prints nothing.

use super::{daemons, target};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test::protocol::daemon::{Reply, Request};
use vm_test::protocol::failure::Failure;

/// How long daemons are given to write down the last tests of a run that has just ended.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often they are asked.
const TICK: Duration = Duration::from_millis(20);

/// The schema of lines that this program reads.
const SCHEMA: u32 = 1;

/// One test, as it was written down.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Line {
    schema: u32,
    pub(super) package: String,
    pub(super) test: String,
    pub(super) guest: String,
    pub(super) description: String,
    pub(super) instance: String,
    pub(super) outcome: String,
    /// Why there was no instance.
    pub(super) words: Option<String>,
    pub(super) wait_us: u64,
    pub(super) boot_us: Option<u64>,
    pub(super) start_us: Option<u64>,
    pub(super) body_us: Option<u64>,
    pub(super) rollback_us: Option<u64>,
    pub(super) total_us: Option<u64>,
    pub(super) kept: bool,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    /// The lines as they are, and as this program understands them.
    pub(super) documents: Vec<serde_json::Value>,
    pub(super) lines: Vec<Line>,
}

/// Reads the run whose name begins so, or the last one.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(super) fn read(name: Option<&str>) -> Result<Run, Failure> {
    let target = target::directory().ok_or_else(|| {
        Failure::new("cannot find cargo's target directory: this is no workspace")
            .hint("call this in the workspace whose tests ran, or set CARGO_TARGET_DIR")
    })?;
    await_writers();
    let directory = target.join("vm-test/runs");
    let found = choose(&directory, name)?;
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot read {}: {cause}", found.display()))
    };
    let text = std::fs::read_to_string(&found).map_err(|error| cannot(&error))?;
    let mut run = Run {
        name: stem(&found),
        documents: Vec::new(),
        lines: Vec::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let wrong = |error: serde_json::Error| cannot(&format!("line {}: {error}", number + 1));
        let document: serde_json::Value = serde_json::from_str(line).map_err(wrong)?;
        let line: Line = serde_json::from_value(document.clone()).map_err(wrong)?;
        if line.schema != SCHEMA {
            return Err(cannot(&format!(
                "it has schema {}, and this program reads schema {SCHEMA}",
                line.schema
            )));
        }
        run.documents.push(document);
        run.lines.push(line);
    }
    Ok(run)
}

fn choose(directory: &Path, name: Option<&str>) -> Result<PathBuf, Failure> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    let names: Vec<_> = found.iter().rev().map(|(_, path)| stem(path)).collect();
    found
        .into_iter()
        .map(|(_, path)| path)
        .rfind(|path| name.is_none_or(|name| stem(path).starts_with(name)))
        .ok_or_else(|| match name {
            Some(name) if !names.is_empty() => Failure::new(format!(
                "cannot find a run whose name begins with {name:?}"
            ))
            .hint(format!("the runs are, the last one first: {}", names.join(", "))),
            _ => Failure::new(format!("cannot find a run: none is in {}", directory.display()))
                .hint("a run is written down while tests with #[on_vm] run; call this in the workspace whose tests ran"),
        })
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Waits while an instance is destroyed whose test process is gone: its line is about to be written.
fn await_writers() {
    let limit = Instant::now() + PATIENCE;
    let is_gone = |pid: u32| !Path::new(&format!("/proc/{pid}")).exists();
    while Instant::now() < limit {
        let sockets = daemons::sockets().unwrap_or_default();
        let mut writes = false;
        for socket in sockets {
            if let Ok(Some(Reply::Status(status))) = daemons::ask(&socket, &Request::Status) {
                let mut living = status.instances.iter();
                writes |= living.any(|it| it.kept.is_none() && is_gone(it.holder));
            }
        }
        if !writes {
            return;
        }
        std::thread::sleep(TICK);
    }
}
