//! Passes signals to this program on to the command in the guest. Interprets none, except a SIGTERM
//! that means that the command's time is up.

use super::line::Line;
use super::terminal;
use libc::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use std::io;
use vm_test_protocol::agent::ToAgent;

/// The signals that are passed on unchanged.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// What SIGTERM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnSigterm {
    /// It is passed on to the command.
    PassOn,
    /// The first one ends the command as a time limit would, so that files and output still come
    /// back; a
    /// second one ends this program at once.
    EndJob,
}

/// Signals that are being collected until they are passed on.
pub(super) struct Collected(Signals);

/// Collects signals, so that none ends this program before [`pass_on`] runs.
///
/// # Errors
/// If the kernel refuses.
pub(super) fn collect(terminal: bool) -> io::Result<Collected> {
    let ignored = ignored();
    // A program that starts with a signal ignored, as under nohup, must keep ignoring it.
    let mut wanted: Vec<_> = PASSED_ON
        .into_iter()
        .filter(|number| ignored & (1 << (number - 1)) == 0)
        .collect();
    if terminal {
        wanted.extend([SIGWINCH, SIGCONT]);
    }
    Signals::new(wanted).map(Collected)
}

/// Passes signals on forever.
pub(super) fn pass_on(
    mut collected: Collected,
    line: &Line,
    terminal: bool,
    on_sigterm: OnSigterm,
) {
    if terminal {
        // The size may have changed before anything listened.
        line.send(&ToAgent::Resize(terminal::size()));
    }
    for number in collected.0.forever() {
        match number {
            SIGHUP if terminal => line.hang_up(),
            SIGCONT => {
                terminal::resume();
                line.send(&ToAgent::Resize(terminal::size()));
            }
            SIGWINCH => line.send(&ToAgent::Resize(terminal::size())),
            SIGTERM if on_sigterm == OnSigterm::EndJob => {
                if !line.end_job() {
                    terminal::put_back();
                    let _ = emulate_default_handler(SIGTERM);
                }
            }
            number => line.send(&ToAgent::Signal(number)),
        }
    }
}

/// Returns the set of signals that this process was started with ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    set.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or(0)
}
