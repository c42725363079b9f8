//! Which failures of MariaDB pass, and how often something is tried again. What is tried must be
//! safe to do twice.

use std::thread::sleep;
use std::time::Duration;

/// How often something is tried.
const ATTEMPTS: u32 = 5;

/// How long to wait before the second attempt; each pause is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(50);

/// Too many connections, a server that is being stopped, a lock that took too long, a deadlock, a
/// connection that was ended.
const PASSING: [u16; 5] = [1040, 1053, 1205, 1213, 1927];

/// A file could not be opened: with this text, because too many are open.
const CANNOT_OPEN: u16 = 1016;
const TOO_MANY_OPEN_FILES: &str = "errno: 24";

/// Tries something until it succeeds, or fails in a way that will not pass.
pub(crate) fn retried<R>(
    mut attempt: impl FnMut() -> Result<R, mysql::Error>,
) -> Result<R, mysql::Error> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(error) if passes(&error) => sleep(pause),
            result => return result,
        }
        pause *= 2;
    }
    attempt()
}

/// Returns whether a later attempt may succeed.
fn passes(error: &mysql::Error) -> bool {
    match error {
        mysql::Error::IoError(_) | mysql::Error::CodecError(_) | mysql::Error::DriverError(_) => {
            true
        }
        mysql::Error::MySqlError(said) => {
            PASSING.contains(&said.code)
                || said.code == CANNOT_OPEN && said.message.contains(TOO_MANY_OPEN_FILES)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql::error::MySqlError;

    fn said(code: u16, message: &str) -> mysql::Error {
        mysql::Error::MySqlError(MySqlError {
            state: "HY000".to_owned(),
            message: message.to_owned(),
            code,
        })
    }

    #[test]
    fn only_what_passes_is_tried_again_and_not_without_end() {
        for (code, message, times) in [
            (1040, "Too many connections", ATTEMPTS),
            (1016, "(errno: 24 \"Too many open files\")", ATTEMPTS),
            (1016, "(errno: 2 \"No such file or directory\")", 1),
            (1064, "You have an error in your SQL syntax", 1),
        ] {
            let mut tried = 0;
            let result = retried(|| {
                tried += 1;
                Err::<(), _>(said(code, message))
            });
            assert!(result.is_err());
            assert_eq!(tried, times, "{code}: {message}");
        }
    }
}
