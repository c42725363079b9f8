//! The command line with real guests: streams, exit codes, signals, terminals, reports. Every test has a daemon of its own.

#[path = "cli/budgets.rs"]
mod budgets;
#[path = "cli/credentials.rs"]
mod credentials;
#[path = "cli/daemons.rs"]
mod daemons;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/foreign.rs"]
mod foreign;
#[path = "cli/going.rs"]
mod going;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/limits.rs"]
mod limits;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/shell.rs"]
mod shell;
#[path = "cli/shortage.rs"]
mod shortage;
#[path = "cli/signals.rs"]
mod signals;
#[path = "cli/streams.rs"]
mod streams;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/umask.rs"]
mod umask;
#[path = "cli/variables.rs"]
mod variables;
