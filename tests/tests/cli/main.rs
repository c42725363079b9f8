//! The command line with real guests: streams, exit codes, signals, terminals, reports. Every test
//! has its own daemon.

mod budgets;
mod configuration;
mod credentials;
mod daemons;
mod doctor;
mod foreign;
mod going;
mod help;
mod init;
mod limits;
mod progress;
mod run;
mod shell;
mod shortage;
mod signals;
mod streams;
mod terminal;
mod umask;
mod variables;
