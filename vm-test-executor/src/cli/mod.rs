//! The command line. Parses, calls the layers below, prints; nothing else in the program prints for people.

use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().collect();
    let result = match args.get(2).map(String::as_str) {
        Some("--start") => crate::daemon::start_detached(),
        Some("--serve") => crate::daemon::serve(),
        _ => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(f) => {
            eprintln!("error: {f}");
            ExitCode::FAILURE
        }
    }
}
