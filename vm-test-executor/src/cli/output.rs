//! Printing for people: completely or not at all, with colours only on terminals. A closed pipe is
//! not an error.

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use vm_test_protocol::failure::Failure;

/// Whether `--verbose` is given.
static VERBOSE: AtomicBool = AtomicBool::new(false);

/// Prints to standard output.
///
/// # Errors
/// If it cannot be written, unless nobody reads it any more.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::new(format!(
            "cannot write standard output: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Prints JSON to standard output.
///
/// # Errors
/// See [`say`].
pub(super) fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    say(&format!("{text}\n"))
}

/// Prints a failure to standard error. If even that fails, the exit code still tells.
pub(super) fn complain(failure: &Failure) {
    let colourful = is_colourful(&io::stderr());
    let error = paint("error:", AnsiColor::Red.on_default().bold(), colourful);
    let mut text = format!("{error} {}\n", failure.text());
    if let Some(hint) = &failure.hint {
        let word = paint("hint:", AnsiColor::Cyan.on_default().bold(), colourful);
        text += &format!("{word} {hint}\n");
    }
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Prints a line of vm-test's own to standard error, beside the output of the running command.
pub(super) fn remark(text: &str) {
    let _ = io::stderr().write_all(format!("vm-test: {text}\n").as_bytes());
}

/// Makes [`detail`] print.
pub(super) fn be_verbose() {
    VERBOSE.store(true, Ordering::Relaxed);
}

/// Returns whether details are wanted.
pub(super) fn is_verbose() -> bool {
    VERBOSE.load(Ordering::Relaxed)
}

/// Prints a line that only `--verbose` asks for.
pub(super) fn detail(text: &str) {
    if is_verbose() {
        remark(text);
    }
}

/// Returns the text in this style, if colours are wanted.
pub(super) fn paint(text: &str, style: Style, colourful: bool) -> String {
    if colourful {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

/// Returns whether the stream is a terminal that shows colours and whose user wants them.
pub(super) fn is_colourful(stream: &impl IsTerminal) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is_steerable(stream) && !refused
}

/// Returns whether the stream is a terminal on which lines can be redrawn.
pub(super) fn is_steerable(stream: &impl IsTerminal) -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|value| value == "dumb");
    stream.is_terminal() && !dumb
}

/// Replaces everything that could control a terminal: purposes come from other programs.
pub(super) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Formats a number of bytes for people, in powers of 1024.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(40, "TiB"), (30, "GiB"), (20, "MiB")];
    let unit = UNITS.iter().find(|(shift, _)| bytes >> shift > 0);
    match unit {
        Some((shift, name)) => {
            let whole = bytes >> shift;
            let tenths = ((bytes >> (shift - 10)) & 1023) * 10 / 1024;
            match tenths {
                0 => format!("{whole} {name}"),
                _ => format!("{whole}.{tenths} {name}"),
            }
        }
        None => format!("{} KiB", bytes >> 10),
    }
}

/// Formats columns of equal width, two spaces apart, without trailing spaces.
pub(super) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<_> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Formats a time for people in whole units; smaller units are left out.
pub(super) fn duration(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds => format!("{}h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_down_to_a_tenth() {
        for (bytes, text) in [
            (512 << 20, "512 MiB"),
            (1536 << 20, "1.5 GiB"),
            (1 << 40, "1 TiB"),
            (4096, "4 KiB"),
            ((2 << 30) - 1, "1.9 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_purpose_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}
