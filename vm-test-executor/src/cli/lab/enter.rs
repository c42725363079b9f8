//! A shell or a command on a node of a lab that is held, as in any kept instance.

use super::held::named;
use crate::cli::args::{ExecArgs, Settings};
use crate::cli::guest_command::Command;
use crate::cli::login_shell;
use crate::cli::output::{duration, remark};
use std::io::IsTerminal;
use vm_test_protocol::daemon::Attached;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::Lease;
use vm_test_runtime::harvest::Places;

/// Opens a shell on a node, and returns its exit code.
pub(in crate::cli) fn shell(lab: &str, node: &str) -> Result<u8, Failure> {
    // Find the node first: its absence is reported before any other fault.
    let (mut lease, attached) = attach(lab, node)?;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        let words = "cannot open a shell: standard input and output are not a terminal";
        return Err(Failure::new(words).hint(format!(
            "vm-test lab exec {lab} {node} -- CMD runs a command without one"
        )));
    }
    let (words, settings) = (login_shell::words(), Settings::default());
    let command = Command::new(node, &settings, &words)?;
    remark(&format!(
        "node {node} of lab {lab} ({}) as `{}` left it; the lab stays for {} after you leave",
        attached.granted.description,
        attached.purpose,
        duration(attached.stays)
    ));
    command.follow(&mut lease, Places::default())
}

/// Runs a command on a node, and returns its exit code.
pub(in crate::cli) fn exec(args: &ExecArgs) -> Result<u8, Failure> {
    let (mut lease, _) = attach(&args.lab, &args.node)?;
    let settings = Settings::default();
    let command = Command::new(&args.node, &settings, &args.command)?;
    command.follow(&mut lease, Places::default())
}

fn attach(lab: &str, node: &str) -> Result<(Lease, Attached), Failure> {
    let held = named(lab)?;
    let instance = &held.node(node)?.instance;
    let gone = || {
        Failure::new(format!(
            "cannot enter node `{node}` of lab {lab}: it is gone"
        ))
    };
    Lease::attach(&held.socket, instance)?.ok_or_else(gone)
}
