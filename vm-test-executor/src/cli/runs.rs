//! The files that record runs of tests: finds a run by its name, and reads the times of its tests
//! as daemons have written them. Prints nothing.

use super::{daemons, target};
use serde::Deserialize;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;

/// How long to wait for daemons that still write down the last tests of a run.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often they are asked.
const TICK: Duration = Duration::from_millis(20);

/// The schema of lines that this program reads.
const SCHEMA: u32 = 1;

/// One test, as the daemon has recorded it.
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
    /// How the nodes of its lab came up, if it has one.
    #[serde(default)]
    pub(super) nodes: Vec<NodeLine>,
}

/// A node of a test's lab.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct NodeLine {
    pub(super) node: String,
    pub(super) startup: String,
    pub(super) prepare_us: u64,
    pub(super) boot_us: u64,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    /// The lines as they are, and as this program understands them.
    pub(super) documents: Vec<serde_json::Value>,
    pub(super) lines: Vec<Line>,
}

/// The files that daemons write: their directory and their extension.
pub(super) const TIMES: (&str, &str) = ("runs", "jsonl");

/// Reads the run with this name or with a name that begins so, or the last run.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(super) fn read(name: Option<&str>) -> Result<Run, Failure> {
    let directory = directory()?;
    let run = find(&directory, &[TIMES], name)?.ok_or_else(|| none(&directory))?;
    let (times, end) = TIMES;
    let found = directory.join(times).join(format!("{run}.{end}"));
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot read {}: {cause}", found.display()))
    };
    let text = fs::read_to_string(&found).map_err(|error| cannot(&error))?;
    let mut run = Run {
        name: run,
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

/// Returns the directory for everything recorded about this workspace's runs.
///
/// # Errors
/// If the current directory is not in a workspace.
pub(super) fn directory() -> Result<PathBuf, Failure> {
    let target = target::directory().ok_or_else(|| {
        Failure::new(
            "cannot find cargo's target directory: the current directory is not in a workspace",
        )
        .hint("run this command in the workspace of the tests, or set CARGO_TARGET_DIR")
    })?;
    Ok(target.join("vm-test"))
}

/// Returns the full name of a run that has files of one of these kinds.
///
/// It is the run with this name, or the last one whose name begins so, or without a name the last
/// run. Returns `None` if there are no runs at all.
///
/// # Errors
/// If there are runs, but none with that name, or they cannot be listed.
pub(super) fn find(
    directory: &Path,
    kinds: &[(&str, &str)],
    wanted: Option<&str>,
) -> Result<Option<String>, Failure> {
    await_writers();
    let mut found = Vec::new();
    for (kind, end) in kinds {
        found.extend(files(&directory.join(kind), end)?);
    }
    found.sort();
    let mut names: Vec<String> = Vec::new();
    for (_, path) in found.iter().rev() {
        let name = stem(path);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let Some(wanted) = wanted.filter(|_| !names.is_empty()) else {
        return Ok(names.into_iter().next());
    };
    let exact = names.iter().find(|name| *name == wanted);
    let run = exact.or_else(|| names.iter().find(|name| name.starts_with(wanted)));
    run.cloned().map(Some).ok_or_else(|| {
        Failure::new(format!(
            "cannot find a run whose name begins with {wanted:?}"
        ))
        .hint(format!("the runs, the latest first: {}", names.join(", ")))
    })
}

/// Returns the failure that there are no runs.
pub(super) fn none(directory: &Path) -> Failure {
    Failure::new(format!(
        "cannot find a run: none is in {}",
        directory.join(TIMES.0).display()
    ))
    .hint("runs are recorded while tests with #[on_vm] run; run this command in the workspace of the tests")
}

/// Returns the files of this kind and their modification times; none if the directory does not
/// exist.
fn files(directory: &Path, extension: &str) -> Result<Vec<(SystemTime, PathBuf)>, Failure> {
    let cannot =
        |path: &Path, error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(directory, error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| cannot(directory, error))?.path();
        if path.extension().is_none_or(|end| end != extension) {
            continue;
        }
        match path.metadata().and_then(|meta| meta.modified()) {
            Ok(modified) => files.push((modified, path)),
            // A run that is just starting removes old ones.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(cannot(&path, error)),
        }
    }
    Ok(files)
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Waits while instances without a test process are destroyed: their lines are about to be written.
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
