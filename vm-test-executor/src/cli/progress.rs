//! The progress of a build: on a terminal, a progress bar below the lines of finished steps;
//! elsewhere only the lines. Knows no image.

use super::output::{harmless, is_steerable, remark};
use crate::image::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};

/// How often the bar is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// The prefix is the phase of the current step; the message is the step, cut to fit.
const TEMPLATE: &str = "[{bar:20}] {pos}/{len} {seconds} {prefix}{wide_msg}";

/// What is shown of a build.
#[derive(Debug)]
pub(super) struct Display {
    bar: Bar,
    /// The current step, and when it began.
    step: Option<(String, Instant)>,
}

/// The bar, for others who write to the terminal. Dropping the last copy clears it.
#[derive(Clone, Debug)]
pub(super) struct Bar(ProgressBar);

impl Display {
    /// Shows a build from its beginning.
    pub(super) fn new() -> Self {
        Self::on(if is_steerable(&io::stderr()) {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        })
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is one");
        let style = style.progress_chars("#.").with_key(
            "seconds",
            |state: &ProgressState, text: &mut dyn Write| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{:.0} s", state.elapsed().as_secs_f64());
            },
        );
        let bar = ProgressBar::with_draw_target(Some(0), target)
            .with_style(style)
            .with_finish(ProgressFinish::AndClear);
        Self {
            bar: Bar(bar),
            step: None,
        }
    }

    /// Returns the bar.
    pub(super) fn bar(&self) -> Bar {
        self.bar.clone()
    }

    /// Shows the beginning of a step, or no step.
    fn show(&mut self, step: Option<&str>) {
        self.step = step.map(|step| (step.to_owned(), Instant::now()));
        let bar = &self.bar.0;
        bar.reset_elapsed();
        bar.set_prefix("");
        bar.set_message(harmless(step.unwrap_or_default()));
    }

    /// Counts the current step as done; returns it and how long it took.
    fn count(&mut self) -> Option<(String, Duration)> {
        let step = self.step.take();
        self.show(None);
        self.bar.0.inc(1);
        step.map(|(step, began)| (step, began.elapsed()))
    }
}

impl Bar {
    /// Prints a line above the bar.
    pub(super) fn say(&self, text: &str) {
        self.0.suspend(|| remark(text));
    }

    /// Counts something as done, and prints a line about it.
    pub(super) fn count(&self, text: &str) {
        self.0.inc(1);
        self.say(text);
    }

    /// Shows how far the current step is.
    pub(super) fn progress(&self, phase: &str) {
        self.0.set_prefix(format!("{}: ", harmless(phase)));
    }

    /// Leaves the terminal to a command of the build, below a line that names the step.
    ///
    /// The command must not use this bar.
    pub(super) fn leave_to<R>(&self, command: impl FnOnce() -> R) -> R {
        let step = self.0.message();
        let is_shown = !self.0.is_hidden() && !step.is_empty();
        self.0.suspend(|| {
            if is_shown {
                remark(&step);
            }
            command()
        })
    }
}

impl Progress for Display {
    fn expect(&mut self, steps: usize) {
        let bar = &self.bar.0;
        // With no steps, the bar would show everything as done.
        if steps > 0 {
            bar.inc_length(u64::try_from(steps).unwrap_or(u64::MAX));
            if !bar.is_hidden() {
                bar.enable_steady_tick(TICK);
            }
        }
    }

    fn phase(&mut self, step: &str, phase: &str) {
        if self.step.as_ref().is_none_or(|(known, _)| known != step) {
            self.show(Some(step));
        }
        self.bar.progress(phase);
    }

    fn begin(&mut self, step: &str) {
        if self.bar.0.is_hidden() {
            remark(step);
        }
        self.show(Some(step));
    }

    fn cached(&mut self, step: &str) {
        self.count();
        self.bar.say(&format!("{step}: in the store"));
    }

    fn waiting(&mut self, step: &str) {
        self.bar
            .say(&format!("{step}: waiting for another build of it"));
    }

    fn end(&mut self) {
        if let Some((step, took)) = self.count() {
            self.bar
                .say(&format!("{step}: done in {:.1} s", took.as_secs_f64()));
        }
    }
}

#[cfg(test)]
mod tests;
