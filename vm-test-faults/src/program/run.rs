//! Runs the program: reads its file, serves the API, stops on a signal. What it serves is decided
//! elsewhere.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use super::options::{Options, Task, task};
use crate::api::{Server, wanted_in};
use crate::log::{Level, Log};
use crate::proxy::Proxies;
use crate::seed::Seed;
use crate::{descriptors, file};

/// The largest file that is read: as large as what the API takes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Runs `vm-test-proxy` with this process' arguments.
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match task(&words, env!("CARGO_PKG_VERSION")) {
        Ok(Task::Print(text)) => {
            // Who does not read it does not miss it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Ok(Task::Serve(options)) => match serve(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("error: {error}\n"));
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            say(&error);
            ExitCode::from(2)
        }
    }
}

fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn serve(options: &Options) -> Result<(), String> {
    let log = log_of_environment();
    descriptors::raise_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start its threads: {error}"))?;
    runtime.block_on(run(options, log))
}

async fn run(options: &Options, log: Log) -> Result<(), String> {
    let seed = options.seed.unwrap_or_else(Seed::random);
    log.line(
        Level::Info,
        format_args!("starting with seed {}", seed.0.cast_signed()),
    );
    let cannot_watch = |error| format!("cannot watch for signals: {error}");
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot_watch)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot_watch)?;
    let proxies = Arc::new(Proxies::new(seed, log));
    if let Some(file) = &options.config {
        populate(&proxies, file, log).await;
    }
    let bound = Server::bind(
        &options.address,
        Arc::clone(&proxies),
        options.exported,
        log,
    );
    let server = bound.await.map_err(|error| {
        format!("cannot serve the API: {error}\nhint: choose another address by -host and -port")
    })?;
    let address = server.address();
    log.line(Level::Info, format_args!("api: listening on {address}"));
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        log.line(Level::Info, format_args!("shutdown started"));
    };
    server.serve(stop).await;
    proxies.clear().await;
    Ok(())
}

/// Adds the proxies of a file. Like Toxiproxy, it goes on without them if it cannot.
async fn populate(proxies: &Proxies, path: &str, log: Log) {
    let fail = |why: String| {
        log.line(
            Level::Error,
            format_args!("cannot take proxies from {path:?}: {why}"),
        );
    };
    let content = match file::read(path.as_ref(), LARGEST) {
        Ok(content) => content,
        Err(error) => return fail(error.to_string()),
    };
    let wanted = match wanted_in(&content) {
        Ok(wanted) => wanted,
        Err(error) => return fail(error),
    };
    match proxies.populate(wanted).await {
        Err((_, error)) => fail(error.to_string()),
        Ok(done) => {
            let number = done.len();
            log.line(Level::Info, format_args!("{number} proxies from {path:?}"));
        }
    }
}

fn log_of_environment() -> Log {
    let Ok(name) = std::env::var("LOG_LEVEL") else {
        return Log::from(Level::Info);
    };
    match Level::named(&name) {
        Some(level) => Log::from(level),
        None => {
            let log = Log::from(Level::Info);
            let text = format_args!("LOG_LEVEL {name:?} is unknown, and info is taken");
            log.line(Level::Error, text);
            log
        }
    }
}
