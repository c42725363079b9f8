//! `vm-test completions`: what a shell needs to complete this command line.

use super::args::{Cli, CompletionsArgs};
use super::output::say;
use clap::CommandFactory;
use vm_test::protocol::failure::Failure;

/// Prints the completions.
pub(super) fn print(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "vm-test", &mut script);
    say(&String::from_utf8_lossy(&script))
}
