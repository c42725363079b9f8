//! `vm-test shell`: a command that is the guest's shell, on the user's terminal.

use super::args::ShellArgs;
use super::guest_command::Command;
use super::login_shell;
use super::output::remark;
use std::io::IsTerminal;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::harvest::Places;

/// Opens the shell and returns its exit code.
pub(super) fn run(args: &ShellArgs) -> Result<u8, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::new(
            "cannot open a shell: standard input and output are not a terminal",
        )
        .hint(format!(
            "vm-test run {} -- CMD runs a command without one",
            args.guest
        )));
    }
    if let Some(name) = &args.commit {
        return super::commit::run(&args.guest, &args.settings, &[], name);
    }
    let words = login_shell::words();
    let command = Command::new(&args.guest, &args.settings, &words)?;
    let mut lease = command.lease("shell", None)?;
    remark(&format!(
        "instance {} ({}, kernel {}): everything is rolled back when you leave",
        lease.granted.instance, lease.granted.description, lease.kernel
    ));
    command.follow(&mut lease, Places::default())
}
