//! `vm-test proxy`: a proxy with faults, by Vaurien's options. Hands them to the crate that knows
//! proxies, and waits.

use super::args::ProxyArgs;
use std::fmt::Display;
use vm_test_faults::vaurien::{Options, Program};
use vm_test_faults::{Level, Log};
use vm_test_protocol::failure::Failure;

/// Runs the proxy until a signal ends it.
pub(super) fn run(args: ProxyArgs) -> Result<(), Failure> {
    let mut options = Options::default();
    for (section, key, value) in &args.settings.0 {
        options.set(section, key, value).map_err(failure)?;
    }
    if let Some(path) = &args.config {
        options.read_file(path).map_err(failure)?;
    }
    Program::run(options, Log::from(level(&args.log_level))).map_err(failure)
}

/// Returns the level that is the lowest to be logged, of a name of Python's.
fn level(name: &str) -> Level {
    match name.to_ascii_lowercase().as_str() {
        "debug" => Level::Debug,
        "warning" => Level::Warn,
        "error" | "critical" => Level::Error,
        _ => Level::Info,
    }
}

fn failure(error: impl Display) -> Failure {
    let text = error.to_string();
    match text.split_once("\nhint: ") {
        Some((message, hint)) => Failure::new(message).hint(hint),
        None => Failure::new(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::{Cli, Command};
    use super::*;
    use clap::Parser;

    fn settings(words: &str) -> Vec<(String, String, String)> {
        let words = format!("vm-test proxy {words}");
        let cli = Cli::try_parse_from(words.split(' ')).unwrap();
        match cli.command {
            Command::Proxy(args) => args.settings.0,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn vauriens_command_lines_are_understood() {
        let given = settings(
            "--protocol http --proxy localhost:8000 --backend google.com:80 --behavior 20:delay \
             --behavior-delay-sleep 2 --http --behavior-delay-before=false --statsd.port 1",
        );
        let mut options = Options::default();
        for (section, key, value) in &given {
            options.set(section, key, value).unwrap();
        }
        assert_eq!(options.protocol, "http");
        assert_eq!(options.backend, "google.com:80");
        assert_eq!(options.behavior, "20:delay");
        assert!(options.http);
        let delay = |key: &str, value: &str| {
            let section = "behavior:delay".to_owned();
            (section, key.to_owned(), value.to_owned())
        };
        assert!(given.contains(&delay("sleep", "2")));
        assert!(given.contains(&delay("before", "false")));
        assert_eq!(given.len(), 8);
    }

    #[test]
    fn an_error_is_a_message_with_its_hint() {
        let error = failure("cannot x: y\nhint: z");
        assert_eq!(error.message, "cannot x: y");
        assert_eq!(error.hint.as_deref(), Some("z"));
    }
}
