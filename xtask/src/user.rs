//! An ordinary user for the suites when xtask runs as root: makes the account, assigns its ranges
//! of subordinate ids, and runs commands as that user in a clean environment. Knows nothing of
//! tests.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::machine::Machine;

/// The name of the account, which is made once and then reused.
const NAME: &str = "vmtest-dev";

/// Variables of xtask's own environment that mean the same for another account.
///
/// Root's HOME, PATH and XDG_RUNTIME_DIR, for example, would lead an ordinary user to directories
/// that it cannot open.
const HANDED_ON: &[&str] = &[
    "CARGO_INCREMENTAL",
    "CI",
    "LANG",
    "LC_ALL",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "TERM",
    "TZ",
];

/// The PATH of an ordinary user after a login on Debian.
const LOGIN_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The lowest subordinate id and how many a user gets, as in Debian's login.defs.
const FIRST_SUBORDINATE_ID: u64 = 100_000;
const SUBORDINATE_IDS: u64 = 65_536;

/// An account other than the one that runs xtask.
pub(crate) struct OrdinaryUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: PathBuf,
    /// Directories of commands that precede [`LOGIN_PATH`].
    lent: Vec<PathBuf>,
}

impl OrdinaryUser {
    /// Finds or makes the account.
    pub(crate) fn ensure() -> Result<Self> {
        let user = match find()? {
            Some(user) => user,
            None => {
                let options = [
                    "--create-home",
                    "--shell",
                    "/bin/sh",
                    "--comment",
                    "runs vm-test's own tests",
                    NAME,
                ];
                command::run(Command::new(tool("useradd")?).args(options))?;
                find()?
                    .with_context(|| format!("cannot find the account {NAME} that was just made"))?
            }
        };
        // Not every useradd assigns ranges, and without them a guest of this user has a single id.
        for (file, option) in [
            ("/etc/subuid", "--add-subuids"),
            ("/etc/subgid", "--add-subgids"),
        ] {
            let ranges = fs::read_to_string(file).unwrap_or_default();
            if !has_range(&ranges, NAME, user.uid) {
                let first = first_free(&ranges);
                let range = format!("{first}-{}", first + SUBORDINATE_IDS - 1);
                command::run(Command::new(tool("usermod")?).args([option, &range, NAME]))?;
            }
        }
        Ok(user)
    }

    /// Puts directories of commands at the beginning of the user's PATH.
    pub(crate) fn lend(&mut self, folders: Vec<PathBuf>) {
        self.lent = folders;
        self.lent
            .retain(|folder| env::split_paths(LOGIN_PATH).all(|known| known != *folder));
    }

    /// Returns a command for `program`, as the user would start it after a login: found in its
    /// PATH, in its home, with a clean environment and without root's capabilities.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut path = self.lent.clone();
        path.extend(env::split_paths(LOGIN_PATH));
        let path = env::join_paths(path).context("cannot put together the user's PATH")?;
        let mut command = Command::new(tool("setpriv")?);
        command.args([
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
        ]);
        // setpriv still has root's capabilities when it starts a program, and so could start one in
        // a directory that the user may not enter. `env` has none left, and finds the program as
        // the user would.
        command
            .args(["--init-groups", "--inh-caps=-all", "--", "env"])
            .arg(program);
        command.env_clear().envs(
            HANDED_ON
                .iter()
                .filter_map(|name| Some((name, env::var_os(name)?))),
        );
        command
            .env("HOME", &self.home)
            .env("USER", NAME)
            .env("LOGNAME", NAME)
            .env("SHELL", "/bin/sh");
        command
            .env("PATH", path)
            .current_dir(&self.home)
            .stdin(Stdio::null());
        Ok(command)
    }
}

/// Returns the account as the system knows it, if it exists.
fn find() -> Result<Option<OrdinaryUser>> {
    let mut getent = Command::new("getent");
    getent.args(["passwd", NAME]);
    let output = getent
        .output()
        .with_context(|| command::cannot_start(&getent))?;
    if !output.status.success() {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&output.stdout);
    let fields: Vec<&str> = line.trim().split(':').collect();
    let &[_, _, uid, gid, _, home, _] = fields.as_slice() else {
        bail!(
            "cannot read the account {NAME}: `{}` is no line of seven fields",
            line.trim()
        );
    };
    let id = |text: &str| {
        text.parse()
            .with_context(|| format!("cannot read the account {NAME}: `{text}` is no id"))
    };
    Ok(Some(OrdinaryUser {
        uid: id(uid)?,
        gid: id(gid)?,
        home: home.into(),
        lent: Vec::new(),
    }))
}

fn tool(name: &str) -> Result<PathBuf> {
    Machine::here()
        .command(name)
        .with_context(|| format!("cannot find the command {name}"))
}

/// Returns whether a line `NAME:FIRST:COUNT` of `/etc/subuid` gives the user a range of the full
/// size.
fn has_range(ranges: &str, name: &str, uid: u32) -> bool {
    ranges.lines().any(|line| {
        let mut fields = line.split(':');
        let whose = fields.next().unwrap_or_default();
        let count = fields
            .nth(1)
            .and_then(|count| count.trim().parse::<u64>().ok());
        (whose == name || whose == uid.to_string())
            && count.is_some_and(|count| count >= SUBORDINATE_IDS)
    })
}

/// Returns the first id after all assigned ranges.
fn first_free(ranges: &str) -> u64 {
    let ends = ranges.lines().filter_map(|line| {
        let mut numbers = line
            .split(':')
            .skip(1)
            .map(|number| number.trim().parse::<u64>());
        Some(numbers.next()?.ok()? + numbers.next()?.ok()?)
    });
    ends.max().unwrap_or(0).max(FIRST_SUBORDINATE_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_counts_when_it_is_the_users_and_large_enough() {
        assert!(has_range("other:1:2\nme:100000:65536\n", "me", 1000));
        assert!(has_range("1000:100000:65536\n", "me", 1000));
        assert!(!has_range("me:100000:10\n", "me", 1000));
        assert!(!has_range("other:100000:65536\n", "me", 1000));
    }

    #[test]
    fn a_new_range_begins_after_all_others() {
        assert_eq!(first_free(""), 100_000);
        assert_eq!(first_free("a:100000:65536\nb:300000:65536\n"), 365_536);
        assert_eq!(first_free("a:10:5\n"), 100_000);
    }
}
