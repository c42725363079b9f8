//! A keeper without an instance, which finds out whether this host lets a keeper do its work: it
//! does what every keeper does first, says how that went, and ends. Knows no world.

use super::control::CONTROL;
use super::mounts;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::process::ExitCode;
use vm_test_protocol::frame;
use vm_test_sys::inherited;

/// The argument that makes the program a trial keeper.
pub const TRIAL: &str = "__trial";

/// The size of its file system: nothing is written to it.
const SIZE: u64 = 1 << 20;

/// The report of a trial keeper: the number of the error, if there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrialReport(pub Option<i32>);

/// Runs the trial in a process that was started for it.
pub fn try_out() -> ExitCode {
    let Ok(control) = inherited::take(CONTROL) else {
        eprintln!("vm-test: a keeper is tried out by the doctor only");
        return ExitCode::FAILURE;
    };
    let done = mounts::cut_off().and_then(|()| mounts::make_room(SIZE));
    let number = done
        .err()
        .map(|error| error.raw_os_error().unwrap_or_default());
    // If the doctor is gone, nobody needs the report.
    let _ = frame::write(&File::from(control), &TrialReport(number));
    ExitCode::SUCCESS
}
