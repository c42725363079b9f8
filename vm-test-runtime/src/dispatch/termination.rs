//! SIGTERM while a test runs in its guest, as nextest sends it to a test that exceeds
//! `slow-timeout`: the test is ended in the guest first, its files come back, and only then the
//! signal ends this process. Knows no guest and no verdict.
//!
//! Only where a process runs one test: elsewhere the signal is meant for all of them, and some may
//! handle it. A second one ends the process at once, and so does one while no test is in a guest.
//! No thread is started: code that waits for a guest polls for the signal.

use crate::environment::is_for_one_test;
use signal_hook::consts::SIGTERM;
use signal_hook::{flag, low_level};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

/// What the handlers write and read.
struct Switches {
    /// Whether the signal has come.
    asked: Arc<AtomicBool>,
    /// Whether the signal ends the process at once.
    at_once: Arc<AtomicBool>,
}

/// A test that is in its guest.
///
/// While this exists, the signal is deferred; it is dropped after the test has been reported.
pub(super) struct InGuest(Option<&'static Switches>);

impl InGuest {
    pub(super) fn enter() -> Self {
        let switches = switches();
        if let Some(switches) = switches {
            switches.at_once.store(false, SeqCst);
        }
        Self(switches)
    }

    /// Returns whether the test is to be ended.
    pub(super) fn is_over(&self) -> bool {
        self.0.is_some_and(|switches| switches.asked.load(SeqCst))
    }
}

/// Does not return if the signal has come.
impl Drop for InGuest {
    fn drop(&mut self) {
        let Some(switches) = self.0 else {
            return;
        };
        // In the opposite order of the handlers, so that one of the two sees what the other has
        // done.
        switches.at_once.store(true, SeqCst);
        if switches.asked.load(SeqCst) {
            let _ = std::io::stdout().flush();
            let _ = low_level::emulate_default_handler(SIGTERM);
        }
    }
}

/// Installs the handlers, unless the signal has another meaning in this process.
fn switches() -> Option<&'static Switches> {
    static SWITCHES: OnceLock<Option<Switches>> = OnceLock::new();
    let install = || {
        // Where panics abort, the signal goes to libtest's process, of which this one is a child.
        if !is_for_one_test() || cfg!(panic = "abort") {
            return None;
        }
        if !is_default(&std::fs::read_to_string("/proc/self/status").ok()?) {
            return None;
        }
        let switches = Switches {
            asked: Arc::default(),
            at_once: Arc::new(AtomicBool::new(true)),
        };
        flag::register(SIGTERM, Arc::clone(&switches.asked)).ok()?;
        flag::register_conditional_default(SIGTERM, Arc::clone(&switches.at_once)).ok()?;
        flag::register(SIGTERM, Arc::clone(&switches.at_once)).ok()?;
        Some(switches)
    };
    SWITCHES.get_or_init(install).as_ref()
}

/// Returns whether the signal is neither ignored nor caught, given `/proc/self/status`.
fn is_default(status: &str) -> bool {
    let has = |set: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(set));
        let signals = line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok());
        signals.is_none_or(|signals| signals >> (SIGTERM - 1) & 1 == 1)
    };
    !has("SigIgn:") && !has("SigCgt:")
}

#[cfg(test)]
mod tests {
    use super::is_default;

    #[test]
    fn the_signal_is_left_alone_where_it_is_ignored_or_caught() {
        for (ignored, caught, expected) in [
            ("0000000000001000", "0000000000000440", true),
            ("0000000000004000", "0000000000000440", false),
            ("0000000000001000", "0000000000004440", false),
            ("?", "0", false),
        ] {
            let status = format!("Name:\ttest\nSigIgn:\t{ignored}\nSigCgt:\t{caught}\n");
            assert_eq!(is_default(&status), expected, "{status}");
        }
        assert!(!is_default(""));
    }
}
