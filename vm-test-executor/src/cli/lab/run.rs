//! Which of the commands for labs runs nothing of the user's on a node, and who carries it out.

use super::{down, graph, impair, link, listing, pcap, power, up};
use crate::cli::args::LabCommand;
use vm_test_protocol::failure::Failure;

/// Runs a command on labs.
pub(in crate::cli) fn run(command: &LabCommand) -> Result<(), Failure> {
    match command {
        LabCommand::Up(args) => up::run(args),
        LabCommand::Ls(args) => listing::print(args.json),
        LabCommand::Graph(args) => graph::print(args),
        LabCommand::Pcap(args) => pcap::run(args),
        LabCommand::Impair(args) => impair::run(args),
        LabCommand::Power(args) => power::run(args),
        LabCommand::Link(args) => link::run(args),
        LabCommand::Down(args) => down::run(args),
        // They run something on a node; their exit code is handled elsewhere.
        LabCommand::Shell { .. } | LabCommand::Exec(_) => Ok(()),
    }
}
