//! Standard input on its way to the command in the guest, no faster than the command takes it.

use super::line::Line;
use crate::sync;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use rustix::termios::{isatty, tcgetpgrp};
use std::sync::{Condvar, Mutex};
use std::time::Duration;
use vm_test_protocol::agent::{INPUT_WINDOW, ToAgent};

/// How many bytes are read and sent at a time.
const CHUNK: usize = 1 << 16;

/// How often a command in the background checks whether it has come to the foreground.
const TICK: Duration = Duration::from_millis(200);

/// How many bytes may be sent before the command has consumed some.
#[derive(Debug)]
pub(super) struct Window {
    room: Mutex<usize>,
    more: Condvar,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            room: Mutex::new(INPUT_WINDOW),
            more: Condvar::new(),
        }
    }

    /// Notes that the command has consumed this many bytes.
    pub(super) fn widen(&self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(INPUT_WINDOW);
        let mut room = sync::lock(&self.room);
        *room = room.saturating_add(bytes).min(INPUT_WINDOW);
        self.more.notify_all();
    }

    /// Waits until bytes may be sent; returns how many.
    fn room(&self) -> usize {
        let room = sync::lock(&self.room);
        let room = self.more.wait_while(room, |room| *room == 0);
        *room.unwrap_or_else(|poison| poison.into_inner())
    }

    fn narrow(&self, bytes: usize) {
        let mut room = sync::lock(&self.room);
        *room = room.saturating_sub(bytes);
    }
}

/// Sends standard input until its end.
pub(super) fn pass_on(line: &Line, window: &Window) {
    let mut bytes = vec![0; CHUNK];
    loop {
        let room = window.room().min(CHUNK);
        await_turn();
        match rustix::io::read(stdin(), &mut bytes[..room]) {
            Ok(0) => break,
            Ok(count) => {
                window.narrow(count);
                line.send(&ToAgent::Input(bytes[..count].to_vec()));
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            // The terminal is gone. Any other error ends the input, too.
            Err(_) => break,
        }
    }
    line.send(&ToAgent::InputEnd);
}

/// Waits until there is input that this process may read.
///
/// A terminal stops background processes that try to read from it.
fn await_turn() {
    loop {
        // The caller may have set `O_NONBLOCK`.
        match poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(_) => return,
        }
        let foreground = tcgetpgrp(stdin());
        if !isatty(stdin()) || foreground == Ok(rustix::process::getpgrp()) || foreground.is_err() {
            return;
        }
        std::thread::sleep(TICK);
    }
}
