//! The errors of redis, with the texts of its own source, and the lines that say them.

use crate::protocol::text::{check_line, unsupported};
use crate::protocol::{Fault, KnownFault, Unsupported, unknown_fault};

/// The number of hash slots of a cluster.
const SLOTS: u32 = 16_384;

/// What redis says before it closes a connection that is one too many.
const TOO_MANY_CLIENTS: &str = "max number of clients reached";

/// The errors that send a client elsewhere in a cluster, or tell it that the cluster cannot serve
/// it. Only these reach a client as they are when they hit `EXEC`.
const OF_THE_CLUSTER: &[&str] = &["ASK", "CLUSTERDOWN", "CROSSSLOT", "MOVED", "TRYAGAIN"];

/// The errors that any command may meet: what a behavior chooses from if a test names none.
pub(super) const COMMON: &[KnownFault] = KNOWN.split_at(3).0;

pub(super) const KNOWN: &[KnownFault] = &[
    known("LOADING", "Redis is loading the dataset in memory"),
    known(
        "BUSY",
        "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    ),
    known("OOM", "command not allowed when used memory > 'maxmemory'."),
    known("ERR", "syntax error"),
    known("READONLY", "You can't write against a read only replica."),
    known(
        "MASTERDOWN",
        "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    ),
    known(
        "MISCONF",
        "Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. \
         Commands that may modify the data set are disabled, because this instance is configured \
         to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error \
         option). Please check the Redis logs for details about the RDB error.",
    ),
    known("NOREPLICAS", "Not enough good replicas to write."),
    known("NOAUTH", "Authentication required."),
    known("NOSCRIPT", "No matching script. Please use EVAL."),
    known(
        "WRONGTYPE",
        "Operation against a key holding the wrong kind of value",
    ),
    known("BUSYKEY", "Target key name already exists."),
    known("CLUSTERDOWN", "Hash slot not served"),
    known("TRYAGAIN", "Multiple keys request during rehashing of slot"),
    known("CROSSSLOT", "Keys in request don't hash to the same slot"),
    // These two need a text: only the test knows where the client shall go.
    known("MOVED", ""),
    known("ASK", ""),
];

const fn known(code: &'static str, text: &'static str) -> KnownFault {
    KnownFault { code, text }
}

/// Returns the error as redis sends it, with its line end.
pub(super) fn line(fault: &Fault) -> Result<String, Unsupported> {
    Ok(format!("-{} {}\r\n", fault.code, text(fault)?))
}

/// Returns the error as redis sends it for an `EXEC` that it refuses.
pub(super) fn line_for_exec(fault: &Fault) -> Result<String, Unsupported> {
    if OF_THE_CLUSTER.contains(&fault.code.as_str()) {
        return line(fault);
    }
    let text = text(fault)?;
    let code = &fault.code;
    Ok(format!(
        "-EXECABORT Transaction discarded because of: {code} {text}\r\n"
    ))
}

/// Returns whether redis closes the connection behind this error.
pub(super) fn closes(fault: &Fault) -> bool {
    fault.code == "ERR" && fault.text.as_deref() == Some(TOO_MANY_CLIENTS)
}

fn text(fault: &Fault) -> Result<&str, Unsupported> {
    check_line(fault)?;
    if matches!(fault.code.as_str(), "MOVED" | "ASK") {
        let text = fault.text.as_deref().unwrap_or_default();
        if !is_redirection(text) {
            return Err(unsupported(
                fault,
                "its text is not a slot and an address\nhint: give one as redis does, such as \
                 \"3999 127.0.0.1:6381\"",
            ));
        }
        return Ok(text);
    }
    if let Some(known) = KNOWN.iter().find(|known| known.code == fault.code) {
        return Ok(fault.text.as_deref().unwrap_or(known.text));
    }
    let is_code = fault.code.len() <= 32
        && fault
            .code
            .starts_with(|first: char| first.is_ascii_uppercase())
        && fault
            .code
            .chars()
            .all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    match fault.text.as_deref() {
        // Modules and later releases have errors of their own.
        Some(text) if is_code => Ok(text),
        _ => Err(unknown_fault("redis", &fault.code, KNOWN)),
    }
}

/// Returns whether the text is `SLOT HOST:PORT`.
fn is_redirection(text: &str) -> bool {
    let Some((slot, address)) = text.split_once(' ') else {
        return false;
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    slot.parse::<u32>().is_ok_and(|slot| slot < SLOTS)
        && !host.contains(' ')
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}
