//! `vm-test logs`: the console and output of an instance, from its daemon while it runs, else from
//! the stored log.

use super::output::say;
use super::{daemons, target};
use crate::daemon;
use std::path::PathBuf;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;

/// Prints it.
pub(super) fn run(instance: &str) -> Result<(), Failure> {
    let mut end = None;
    for socket in daemons::sockets()? {
        let name = || instance.to_owned();
        let log = Request::Log { instance: name() };
        if let Some(Reply::Log(Some(log))) = daemons::ask(&socket, &log)? {
            return say(&visible(&daemon::describe_log(&log)));
        }
        let exit_report = Request::ExitReport { instance: name() };
        if let Some(Reply::ExitReport(Some(exit_report))) = daemons::ask(&socket, &exit_report)? {
            end = exit_report.cause;
        }
    }
    if let Some(file) = stored(instance) {
        let bytes = std::fs::read(&file)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))?;
        return say(&visible(&String::from_utf8_lossy(&bytes)));
    }
    // First, because a daemon has only the last lines of it.
    if let Some(text) = daemon::log_of_boot(&vm_test_runtime::client::store()?, instance) {
        return say(&visible(&text));
    }
    match end {
        Some(cause) => say(&format!("{}\n", visible(&cause.text()))),
        None => Err(Failure::new(format!(
            "cannot find the log of {instance}: there is no such instance, and no log of one is stored"
        ))
        .hint("logs of failed tests are stored in cargo's target directory for the last 20 runs: run this command in the workspace")),
    }
}

fn stored(instance: &str) -> Option<PathBuf> {
    // An instance's name is a file name, never a path.
    if instance.contains('/') {
        return None;
    }
    let runs = target::directory()?.join("vm-test/runs");
    let entries = std::fs::read_dir(runs).ok()?.flatten();
    entries
        .map(|entry| entry.path().join(format!("{instance}.log")))
        .find(|file| file.is_file())
}

/// Returns the text without characters that could control a terminal, except newlines and tabs.
fn visible(text: &str) -> String {
    let is_text = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if is_text(c) { c } else { '\u{fffd}' })
        .collect()
}
