//! The command line: parses it, calls the command, and turns its end into an exit code.

use super::args::{Cli, Command, ImageCommand, LabCommand};
use super::{
    attach, commit, completions, config, debug, doctor, exit, gc, guests, image, init, keep, lab,
    logs, output, prepare, proxy, ps, report, rm, run, runner, shell, skipped, stop, store,
};
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables;

/// The commands whose exit code is that of a command in a guest.
const IN_GUEST: [&str; 5] = ["run", "runner", "shell", "attach", "debug"];

/// The command for labs, and which of its own commands are of this kind.
const LAB: &str = "lab";
const IN_NODE: [&str; 2] = ["shell", "exec"];

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    if cli.verbose {
        output::be_verbose();
    }
    // The daemon and `keep` are started by this program and by tests, which have warned already.
    if !matches!(cli.command, Command::Daemon(_) | Command::Keep(_)) {
        for warning in variables::warnings() {
            output::remark(&warning);
        }
    }
    match cli.command {
        Command::Init(args) => own(init::run(&args)),
        Command::Guests(args) => own(guests::run(&args)),
        Command::Config(command) => own(config::run(&command)),
        Command::Run(args) => of_guest(run::run(&args)),
        Command::Runner(args) => of_guest(runner::run(&args)),
        Command::Shell(args) => of_guest(shell::run(&args)),
        Command::Attach(args) => of_guest(attach::run(&args)),
        Command::Logs { instance } => own(logs::run(&instance)),
        Command::Debug(args) => of_guest(debug::run(args)),
        Command::Report(args) => own(report::run(&args)),
        Command::Rm(args) => own(rm::run(&args)),
        Command::Keep(args) => own(keep::run(&args)),
        Command::Lab(LabCommand::Shell { lab, node }) => of_guest(lab::shell(&lab, &node)),
        Command::Lab(LabCommand::Exec(args)) => of_guest(lab::exec(&args)),
        Command::Lab(command) => own(lab::run(&command)),
        Command::Ps(args) => own(ps::print(args)),
        Command::Skipped(args) => own(skipped::run(&args)),
        Command::Proxy(args) => own(proxy::run(args)),
        Command::Stop => own(stop::run()),
        Command::Image(ImageCommand::Commit {
            guest,
            name,
            command,
            settings,
        }) => of_guest(commit::run(&guest, &settings, &command, &name)),
        Command::Image(command) => own(image::run(&command)),
        Command::Prepare(args) => own(prepare::run(args)),
        Command::Store(command) => own(store::run(&command)),
        Command::Gc(args) => own(gc::run(args)),
        Command::Doctor(args) => match doctor::run(args) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(failure) => own(Err(failure)),
        },
        Command::Completions(args) => own(completions::print(&args)),
        Command::Daemon(args) if args.start => own(crate::daemon::start_detached()),
        Command::Daemon(_) => own(crate::daemon::serve()),
    }
}

/// Concludes a command that runs something in a guest.
fn of_guest(result: Result<u8, Failure>) -> ExitCode {
    match result {
        Ok(code) => code.into(),
        Err(failure) => {
            output::complain(&failure);
            exit::FAILED.into()
        }
    }
}

/// Concludes a command that runs nothing in a guest.
fn own(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::FAILURE
        }
    }
}

/// Prints help, the version, or a usage error.
///
/// The exit code of a usage error must not look like that of a command in a guest.
fn refuse(error: &clap::Error) -> ExitCode {
    // It is not an error if nobody reads it.
    let _ = error.print();
    let mut words = std::env::args_os().skip(1);
    let (first, second) = (words.next(), words.next());
    let is_among = |word: &Option<OsString>, names: &[&str]| {
        let word = word.as_ref();
        word.is_some_and(|word| names.iter().any(|name| word == *name))
    };
    let in_node = is_among(&first, &[LAB]) && is_among(&second, &IN_NODE);
    let in_guest = is_among(&first, &IN_GUEST) || in_node;
    match (error.use_stderr(), in_guest) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => exit::FAILED.into(),
        (true, false) => exit::USAGE.into(),
    }
}
