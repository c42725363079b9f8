//! The user's terminal while a command in a guest uses it: in raw mode, and restored at the end.

use crate::sync;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use std::io;
use std::sync::Mutex;
use vm_test_protocol::agent::TerminalSize;

/// The terminal's original settings, if it is raw.
///
/// There is at most one terminal, and every thread that ends the program must be able to restore
/// it.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Returns whether both standard input and standard output are a terminal, so that a command gets
/// one
/// of its own.
pub(super) fn is_there() -> bool {
    isatty(rustix::stdio::stdin()) && isatty(rustix::stdio::stdout())
}

/// Returns the size of the terminal.
pub(super) fn size() -> TerminalSize {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) => TerminalSize {
            rows: size.ws_row,
            columns: size.ws_col,
        },
        Err(_) => TerminalSize {
            rows: 24,
            columns: 80,
        },
    }
}

/// A raw terminal: every key goes to the guest's terminal, which handles signals, echo and lines.
#[derive(Debug)]
pub(super) struct Raw(());

impl Raw {
    /// Makes the terminal raw until this is dropped.
    ///
    /// # Errors
    /// If it is no longer a terminal.
    pub(super) fn enter() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        lock().get_or_insert(before);
        set_raw()?;
        Ok(Self(()))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        put_back();
    }
}

/// Restores the terminal if it is raw.
pub(super) fn put_back() {
    if let Some(saved) = lock().take() {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &saved);
    }
}

/// Makes the terminal raw again if it should be: a shell resets it while this program is stopped.
pub(super) fn resume() {
    if lock().is_some() {
        let _ = set_raw();
    }
}

fn set_raw() -> io::Result<()> {
    let mut raw = tcgetattr(rustix::stdio::stdin())?;
    raw.make_raw();
    tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
    Ok(())
}

fn lock() -> std::sync::MutexGuard<'static, Option<Termios>> {
    sync::lock(&SAVED)
}
