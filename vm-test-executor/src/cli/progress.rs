//! The progress of a build: on a terminal, a progress bar below the lines of finished steps; elsewhere only the lines.
//! Knows no image.

use super::output::{harmless, is_steerable, remark};
use crate::image::Progress;
use rustix::termios::tcgetwinsize;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);

/// How many characters the bar itself has.
const LENGTH: usize = 20;

/// Narrower than this no terminal is taken to be.
const NARROWEST: usize = 20;

/// Carriage return, and the terminal's order to clear the rest of the line.
const CLEAR: &str = "\r\x1b[K";

/// What is shown of a build.
#[derive(Debug)]
pub(super) struct Display {
    bar: Arc<Bar>,
}

/// The bar, for whoever else writes to the terminal.
#[derive(Debug)]
pub(super) struct Bar {
    is_live: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the build is known to consist of, and what of it is done.
    steps: usize,
    done: usize,
    /// What is being done, and since when.
    step: Option<(String, Instant)>,
    phase: String,
    /// Whether somebody else writes to the terminal just now.
    is_away: bool,
}

impl Display {
    /// Shows a build from its beginning.
    pub(super) fn new() -> Self {
        let bar = Arc::new(Bar {
            is_live: is_steerable(&io::stderr()),
            state: Mutex::default(),
        });
        if bar.is_live {
            let drawn = Arc::downgrade(&bar);
            // Without a thread nothing moves, and the build goes on.
            let _ = std::thread::Builder::new().spawn(move || draw_on(&drawn));
        }
        Self { bar }
    }

    /// The bar.
    pub(super) fn bar(&self) -> Arc<Bar> {
        Arc::clone(&self.bar)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let mut state = self.bar.lock();
        state.step = None;
        self.bar.clear();
    }
}

/// Draws the bar until nobody has it any more.
fn draw_on(bar: &Weak<Bar>) {
    while let Some(bar) = bar.upgrade() {
        bar.draw(&bar.lock());
        drop(bar);
        std::thread::sleep(TICK);
    }
}

impl Bar {
    /// Prints a line above the bar.
    pub(super) fn say(&self, text: &str) {
        let state = self.lock();
        self.clear();
        remark(text);
        self.draw(&state);
    }

    /// Shows how far the step is that is being done.
    pub(super) fn progress(&self, words: &str) {
        let mut state = self.lock();
        words.clone_into(&mut state.phase);
        self.draw(&state);
    }

    /// Leaves the terminal to a command of the build until this is dropped.
    pub(super) fn stand_aside(&self) -> Aside<'_> {
        let mut state = self.lock();
        self.draw(&state);
        if self.is_live && state.step.is_some() {
            let _ = io::stderr().write_all(b"\n");
        }
        state.is_away = true;
        drop(state);
        Aside { bar: self }
    }

    fn clear(&self) {
        if self.is_live {
            let _ = io::stderr().write_all(CLEAR.as_bytes());
        }
    }

    fn draw(&self, state: &State) {
        if self.is_live && !state.is_away {
            let width = tcgetwinsize(rustix::stdio::stderr()).map_or(80, |size| size.ws_col.into());
            if let Some(line) = state.line(width) {
                let _ = io::stderr().write_all(format!("{CLEAR}{line}").as_bytes());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

/// See [`Bar::stand_aside`].
#[derive(Debug)]
pub(super) struct Aside<'a> {
    bar: &'a Bar,
}

impl Drop for Aside<'_> {
    fn drop(&mut self) {
        self.bar.lock().is_away = false;
    }
}

impl State {
    /// The bar as a line of at most this width, if anything is being done.
    fn line(&self, width: usize) -> Option<String> {
        let (step, began) = self.step.as_ref()?;
        let filled = LENGTH * self.done / self.steps.max(1);
        let phase = match self.phase.is_empty() {
            true => String::new(),
            false => format!("{}: ", self.phase),
        };
        let text = format!(
            "[{}{}] {}/{} {:.0} s {phase}{}",
            "#".repeat(filled),
            ".".repeat(LENGTH - filled),
            self.done,
            self.steps,
            began.elapsed().as_secs_f64(),
            harmless(step),
        );
        // In the last column some terminals begin the next line.
        Some(text.chars().take(width.max(NARROWEST) - 1).collect())
    }
}

impl Progress for Display {
    fn expect(&mut self, steps: usize) {
        self.bar.lock().steps += steps;
    }

    fn phase(&mut self, step: &str, phase: &str) {
        let mut state = self.bar.lock();
        let is_same = state.step.as_ref().is_some_and(|(known, _)| known == step);
        if !is_same {
            state.step = Some((step.to_owned(), Instant::now()));
        }
        phase.clone_into(&mut state.phase);
        self.bar.draw(&state);
    }

    fn begin(&mut self, step: &str) {
        if !self.bar.is_live {
            remark(step);
        }
        let mut state = self.bar.lock();
        state.step = Some((step.to_owned(), Instant::now()));
        state.phase.clear();
        self.bar.draw(&state);
    }

    fn cached(&mut self, step: &str) {
        let mut state = self.bar.lock();
        state.done += 1;
        state.step = None;
        drop(state);
        self.bar.say(&format!("{step}: in the store"));
    }

    fn waiting(&mut self, step: &str) {
        self.bar
            .say(&format!("{step}: waiting for another build of it"));
    }

    fn end(&mut self) {
        let mut state = self.bar.lock();
        state.done += 1;
        if let Some((step, began)) = state.step.take() {
            drop(state);
            let seconds = began.elapsed().as_secs_f64();
            self.bar.say(&format!("{step}: done in {seconds:.1} s"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fits_its_terminal_and_cannot_steer_it() {
        let mut state = State {
            steps: 4,
            done: 1,
            ..State::default()
        };
        assert_eq!(state.line(80), None);
        state.step = Some(("run a\x1b[2J\nb".to_owned(), Instant::now()));
        state.phase = "hash".to_owned();
        let line = state.line(80).unwrap();
        assert_eq!(
            line,
            "[#####...............] 1/4 0 s hash: run a\u{fffd}[2J\u{fffd}b"
        );
        assert_eq!(state.line(30).unwrap().chars().count(), 29);
        assert_eq!(state.line(0).unwrap().chars().count(), NARROWEST - 1);
    }
}
