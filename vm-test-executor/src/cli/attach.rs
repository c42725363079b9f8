//! `vm-test attach`: a shell, or a command, in an instance that was kept when its test failed.

use super::args::{AttachArgs, Settings};
use super::guest_command::Command;
use super::output::{duration, remark};
use super::{daemons, login_shell};
use std::io::IsTerminal;
use vm_test_protocol::daemon::Attached;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::Lease;
use vm_test_runtime::harvest::Places;

/// The remedy for an instance that no daemon knows.
const UNKNOWN: &str = "`vm-test ps` lists those that are kept, as those of failed tests are with keep = \"on-failure\" or VM_TEST_KEEP=on-failure; `vm-test logs` shows the console and output of others";

/// Runs the command or shell and returns its exit code.
pub(super) fn run(args: &AttachArgs) -> Result<u8, Failure> {
    // Find the instance first: its absence is reported before any fault of the command.
    let (mut lease, attached) = find(&args.instance)?;
    let is_shell = args.command.is_empty();
    if is_shell && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Failure::new(
            "cannot open a shell: standard input and output are not a terminal",
        )
        .hint(format!(
            "vm-test attach {} -- CMD runs a command without one",
            args.instance
        )));
    }
    let shell = login_shell::words();
    let words = if is_shell { &shell } else { &args.command };
    let settings = Settings::default();
    let command = Command::new(&args.instance, &settings, words)?;
    if is_shell {
        remark(&format!(
            "instance {} ({}) as `{}` left it; it stays for {} after you leave",
            args.instance,
            attached.granted.description,
            attached.purpose,
            duration(attached.stays)
        ));
    }
    command.follow(&mut lease, Places::default())
}

/// Finds the instance among all daemons of this user.
fn find(instance: &str) -> Result<(Lease, Attached), Failure> {
    let mut refusal = None;
    for socket in daemons::sockets()? {
        match Lease::attach(&socket, instance) {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(failure) => refusal = Some(failure),
        }
    }
    Err(refusal.unwrap_or_else(|| {
        Failure::new(format!(
            "cannot attach to {instance}: there is no such instance"
        ))
        .hint(UNKNOWN)
    }))
}
