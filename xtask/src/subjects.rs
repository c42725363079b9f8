//! `cargo xtask subjects`: whether the subjects of commits can be read in a list, that is, name a
//! scope and fit a line.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::command;

/// The last commit before the rule.
const BEFORE: &str = "8825fc49b391717fc951b625c8678dfe75a35962";

/// The maximum length of a subject, in characters.
const LONGEST: usize = 72;

/// Checks the history up to HEAD.
pub(crate) fn run() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("cannot find the workspace root")?;
    let subjects = match since(root, BEFORE)? {
        History::Subjects(subjects) => subjects,
        History::Missing(reason) => {
            println!("commit subjects: not checked, {reason}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let faults: Vec<String> = subjects.iter().filter_map(|line| fault_of(line)).collect();
    for fault in &faults {
        println!("{fault}");
    }
    println!(
        "commit subjects: {} checked, {} with a fault",
        subjects.len(),
        faults.len()
    );
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The commits after a certain one, as far as git knows them.
#[derive(Debug, PartialEq, Eq)]
enum History {
    /// A line for each: its short hash, a blank, its subject.
    Subjects(Vec<String>),
    /// Why there is nothing to check.
    Missing(&'static str),
}

/// Returns the commits after `before` in the repository at `root`, without merges.
fn since(root: &Path, before: &str) -> Result<History> {
    // An archive of the project may have been unpacked inside another repository.
    if !root.join(".git").exists() {
        return Ok(History::Missing("this copy has no git history"));
    }
    let git = |arguments: &[&str]| {
        command::capture(Command::new("git").args(arguments).current_dir(root))
    };
    let commit = format!("{before}^{{commit}}");
    if git(&["rev-parse", "--verify", "--quiet", &commit]).is_err() {
        let is_shallow = git(&["rev-parse", "--is-shallow-repository"])?.trim() == "true";
        return Ok(History::Missing(if is_shallow {
            "this clone is shallow and does not reach back to the first one"
        } else {
            "this is another history, without the commit after which the rule holds"
        }));
    }
    let range = format!("{before}..HEAD");
    let lines = git(&["log", "--no-merges", "--format=%h %s", &range])?;
    Ok(History::Subjects(
        lines.lines().map(str::to_owned).collect(),
    ))
}

/// Returns what is wrong with the subject in a line of [`History::Subjects`].
fn fault_of(line: &str) -> Option<String> {
    let (_, subject) = line.split_once(' ').unwrap_or((line, ""));
    let length = subject.chars().count();
    if length > LONGEST {
        return Some(format!(
            "{line}\n  has {length} characters, {LONGEST} are allowed"
        ));
    }
    if !has_scope(subject) {
        return Some(format!("{line}\n  has no scope, as in `daemon: …`"));
    }
    None
}

/// Returns whether the subject begins with one or several names, a colon, and a text.
fn has_scope(subject: &str) -> bool {
    let is_name = |name: &str| {
        let is_allowed =
            |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '-' | '.' | '/');
        !name.is_empty() && name.chars().all(is_allowed)
    };
    subject
        .split_once(": ")
        .is_some_and(|(scope, rest)| scope.split(", ").all(is_name) && !rest.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(root: &Path, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
            .args(arguments)
            .current_dir(root);
        command::capture(&mut git).unwrap().trim().to_owned()
    }

    fn commit(root: &Path, subject: &str) -> String {
        git(root, &["commit", "--allow-empty", "--quiet", "-m", subject]);
        git(root, &["rev-parse", "HEAD"])
    }

    #[test]
    fn a_subject_that_is_long_or_has_no_scope_is_found() {
        let full = format!("daemon: {}", "ü".repeat(LONGEST - 8));
        for good in [
            &full,
            "runtime, agent: two scopes",
            ".ci: a file's name",
            "tests: a colon: later",
        ] {
            assert_eq!(fault_of(&format!("1a2b3c4 {good}")), None, "{good}");
        }
        let long = format!("{full}x");
        for bad in [
            &long,
            "",
            "Daemon: upper case",
            "daemon is changed",
            "the daemon: an article",
            "daemon:no blank",
            "daemon: ",
            ": nothing",
            "runtime,agent: no blank",
            "runtime, : an empty scope",
        ] {
            let line = format!("1a2b3c4 {bad}");
            let fault = fault_of(&line).unwrap_or_else(|| panic!("{bad:?} is no fault"));
            assert!(fault.starts_with(&line), "{fault}");
        }
    }

    #[test]
    fn commits_after_the_rule_are_looked_at_and_merges_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        git(root, &["init", "--quiet", "--initial-branch=main"]);
        let before = commit(root, "Before the rule");
        assert_eq!(since(root, &before).unwrap(), History::Subjects(Vec::new()));
        commit(root, "one: is after it");
        git(root, &["switch", "--quiet", "--create", "side", &before]);
        commit(root, "Two is on a side branch");
        git(
            root,
            &["merge", "--quiet", "-m", "Merge branch 'main'", "main"],
        );
        let History::Subjects(mut lines) = since(root, &before).unwrap() else {
            panic!("the history is there");
        };
        lines.sort_by_key(|line| line.split_once(' ').unwrap().1.to_owned());
        let subjects: Vec<_> = lines
            .iter()
            .map(|line| line.split_once(' ').unwrap().1)
            .collect();
        assert_eq!(subjects, ["Two is on a side branch", "one: is after it"]);
        assert!(matches!(
            since(root, &"0".repeat(40)).unwrap(),
            History::Missing(reason) if reason.contains("another history")
        ));
    }

    #[test]
    fn without_the_history_the_check_says_that_it_did_not_look() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("repository");
        std::fs::create_dir(&root).unwrap();
        assert_eq!(
            since(&root, BEFORE).unwrap(),
            History::Missing("this copy has no git history")
        );
        git(&root, &["init", "--quiet"]);
        let before = commit(&root, "Before the rule");
        commit(&root, "one: is after it");
        let url = format!("file://{}", root.display());
        let shallow = directory.path().join("shallow");
        let clone = ["clone", "--quiet", "--depth=1", &url, "shallow"];
        git(directory.path(), &clone);
        assert!(matches!(
            since(&shallow, &before).unwrap(),
            History::Missing(reason) if reason.contains("shallow")
        ));
    }
}
