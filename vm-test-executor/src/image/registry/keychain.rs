//! Docker's credential helpers: programs `docker-credential-NAME` that know names and passwords.
//!
//! Starts one and reads its answer; does not know which one is asked.

use serde::Deserialize;
use std::io::{ErrorKind, Read, Write};
use std::process::{Command, Stdio};

/// A longer answer is refused.
const LONGEST: u64 = 1 << 20;

/// What helpers print, with exit code 1, if they know nothing of a server.
const UNKNOWN: &str = "credentials not found";

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

/// Asks a helper for the name and the secret for a server.
pub(super) fn ask(name: &str, server: &str) -> Result<Option<(String, String)>, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(format!("{name:?} cannot be the name of a helper"));
    }
    let program = format!("docker-credential-{name}");
    let cannot = |cause: &dyn std::fmt::Display| format!("{program}: {cause}");
    let mut child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("there is no program {program} in PATH"),
            ErrorKind::PermissionDenied => {
                format!("there is no program {program} in PATH that you may start")
            }
            _ => cannot(&error),
        })?;
    // A helper that reads nothing may have ended already.
    let _ = child
        .stdin
        .take()
        .map(|mut input| input.write_all(server.as_bytes()));
    let mut answer = Vec::new();
    let read = child.stdout.take().map_or(Ok(0), |output| {
        output.take(LONGEST + 1).read_to_end(&mut answer)
    });
    if answer.len() as u64 > LONGEST {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| cannot(&error))?;
    read.map_err(|error| cannot(&error))?;
    if answer.len() as u64 > LONGEST {
        return Err(cannot(&format!(
            "its answer is longer than {LONGEST} bytes"
        )));
    }
    if !status.success() {
        let words = String::from_utf8_lossy(&answer);
        if words.contains(UNKNOWN) {
            return Ok(None);
        }
        let words: String = words.trim().chars().take(200).collect();
        return Err(cannot(&format!("{status}: {}", words.escape_debug())));
    }
    // The answer itself must not get into a message.
    let answer: Answer =
        serde_json::from_slice(&answer).map_err(|_| cannot(&"its answer cannot be parsed"))?;
    Ok(Some((answer.user, answer.secret)))
}
