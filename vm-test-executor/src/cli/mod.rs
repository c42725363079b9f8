//! The command line. Parses, calls the layers below, prints; nothing else in the program prints for
//! people.

mod args;
mod attach;
mod build;
mod command_line;
mod commit;
mod completions;
mod config;
mod daemons;
mod debug;
mod disk;
mod doctor;
#[cfg(test)]
mod documents;
mod exit;
mod gc;
mod guest_command;
mod guests;
mod harness;
mod help;
mod image;
mod init;
mod input;
mod keep;
mod lab;
mod library_path;
mod line;
mod login_shell;
mod logs;
mod machine;
mod output;
mod places;
mod prepare;
mod progress;
mod proxy;
mod ps;
mod relay;
mod report;
mod rm;
mod run;
mod runner;
mod runs;
mod shell;
mod signals;
mod skipped;
mod stop;
mod store;
mod target;
mod terminal;
mod testing;
mod workspace;

pub use command_line::main;
