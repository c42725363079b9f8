//! Runs a child process: prints its command line, gives it no standard input, and turns a failure
//! into an error that names it. Knows nothing of tests or packages.

use std::env;
use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// How many lines of a captured child's output an error repeats.
const TAIL: usize = 12;

/// Returns cargo as a user would start it: without the variables that `cargo xtask` has set.
///
/// They would reach the tests and hide that a variable is missing.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if is_of_xtasks_own_run(&name) {
            cargo.env_remove(name);
        }
    }
    cargo.stdin(Stdio::null());
    cargo
}

fn is_of_xtasks_own_run(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    // cargo adds its own directories to LD_LIBRARY_PATH, in which a library could be found that is
    // not installed.
    let exact = [
        "CARGO",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
        "LD_LIBRARY_PATH",
    ];
    let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    exact.contains(&&*name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns the same command, killed when the thread that starts it ends, however that ends.
pub(crate) fn tied(command: &Command) -> Command {
    let mut tied = Command::new("setpriv");
    tied.args(["--pdeathsig", "KILL", "--"])
        .arg(command.get_program())
        .args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        tied.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => tied.env(name, value),
            None => tied.env_remove(name),
        };
    }
    tied
}

/// Runs `command`, with its output on ours.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    echo(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| cannot_start(command))?;
    if !status.success() {
        bail!("cannot complete `{}`: {status}", line(command));
    }
    Ok(())
}

/// Runs `command` quietly and returns what it wrote to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let Output {
        status,
        stdout,
        stderr,
    } = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| cannot_start(command))?;
    if !status.success() {
        let stderr = String::from_utf8_lossy(&stderr);
        let lines: Vec<&str> = stderr.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        bail!(
            "cannot complete `{}`: {status}: {}",
            line(command),
            tail.trim()
        );
    }
    String::from_utf8(stdout)
        .with_context(|| format!("cannot read the output of `{}`", line(command)))
}

/// Prints the command line that is about to run.
pub(crate) fn echo(command: &Command) {
    println!("+ {}", line(command));
}

/// Returns the error for a program that could not be started.
pub(crate) fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", line(command))
}

/// Returns the command line for people: the program's file name, and the arguments.
pub(crate) fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy(),
    ];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_tied_is_killed_when_the_thread_that_started_it_ends() {
        let mut sleep = Command::new("sh");
        sleep.args(["-c", "exec sleep $HOW_LONG"]);
        sleep.env("HOW_LONG", "1000").current_dir("/");
        let started = std::thread::spawn(move || {
            let child = tied(&sleep).spawn().unwrap();
            // It is tied as soon as it is what it was started for.
            let name = format!("/proc/{}/comm", child.id());
            while std::fs::read_to_string(&name).unwrap().trim() != "sleep" {}
            child
        });
        let status = started.join().unwrap().wait().unwrap();
        assert!(!status.success(), "{status}");
    }

    #[test]
    fn a_bad_end_is_an_error_that_names_the_command_and_its_last_words() {
        let error = capture(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot complete `sh -c echo why >&2; exit 3`: exit status: 3: why"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_names_it() {
        let error = run(&mut Command::new("/nowhere/at-all")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `at-all`");
    }

    #[test]
    fn the_variables_of_xtasks_own_run_are_known() {
        for own in [
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_NAME",
            "OUT_DIR",
            "LD_LIBRARY_PATH",
        ] {
            assert!(is_of_xtasks_own_run(OsStr::new(own)), "{own}");
        }
        for other in [
            "CARGO_TARGET_DIR",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "PATH",
            "HOME",
        ] {
            assert!(!is_of_xtasks_own_run(OsStr::new(other)), "{other}");
        }
    }
}
