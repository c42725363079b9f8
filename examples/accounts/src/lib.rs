//! Accounts of the people who use a system: who there is, who may log in, and how one goes. It
//! changes them with the system's own programs, and decides nothing.

use std::fs;
use std::io;
use std::process::Command;

/// The ids that distributions give to people.
const PEOPLE: std::ops::Range<u32> = 1_000..60_000;

/// Returns the names of all accounts of people, in the order of `/etc/passwd`.
///
/// # Errors
/// If `/etc/passwd` cannot be read.
pub fn people() -> io::Result<Vec<String>> {
    let text = fs::read_to_string("/etc/passwd")?;
    let people = text.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let id = fields.nth(1)?.parse().ok()?;
        PEOPLE.contains(&id).then(|| name.to_owned())
    });
    Ok(people.collect())
}

/// Returns whether somebody can log in with a password, or could if there were one.
///
/// # Errors
/// If `/etc/shadow` cannot be read, or there is no such account.
pub fn is_locked(name: &str) -> io::Result<bool> {
    let text = fs::read_to_string("/etc/shadow")?;
    let fields = text.lines().map(|line| line.split(':'));
    let mut found = fields.filter_map(|mut fields| {
        let password = (fields.next()? == name).then(|| fields.next())??;
        Some(password.starts_with('!'))
    });
    found.next().ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Keeps somebody from logging in with a password.
///
/// # Errors
/// If there is no such account, or this user may not.
pub fn lock(name: &str) -> io::Result<()> {
    run("usermod", &["--lock", name])
}

/// Removes an account with its home directory.
///
/// # Errors
/// If there is no such account, or this user may not.
pub fn remove(name: &str) -> io::Result<()> {
    run("userdel", &["--remove", name])
}

fn run(program: &str, args: &[&str]) -> io::Result<()> {
    let output = Command::new(program).args(args).output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{program}: {words}")))
}
