//! Vaurien's way to say which faults: its command line, its ini file, its HTTP API and its
//! counters, over the proxy of this crate.

mod api;
mod behaviors;
mod control;
mod ini;
mod options;
mod percentages;
mod program;
mod statsd;
mod table;
#[cfg(test)]
mod tests;

pub use options::{Options, OptionsError};
pub use program::{Program, ProgramError};
pub use table::{OptionRow, TABLE};
