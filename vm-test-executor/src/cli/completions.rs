//! `vm-test completions`: what a shell needs to complete this command line.

use super::args::{Cli, CompletionsArgs};
use super::output::say;
use clap::{Command, CommandFactory};
use vm_test_protocol::failure::Failure;

const NAME: &str = "vm-test";

/// Prints the completions.
pub(super) fn print(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut for_people(), NAME, &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// Returns the command line without hidden arguments, which the generators would offer as well.
fn for_people() -> Command {
    let all = Cli::command();
    let visible = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .subcommands(visible.cloned())
}
