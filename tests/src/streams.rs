//! The output of a finished command.

use std::process::Output;

/// Returns both streams of a finished command as text.
#[must_use]
pub fn text_of(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    text
}
