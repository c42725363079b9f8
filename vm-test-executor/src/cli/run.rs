//! `vm-test run`: a command in a fresh instance, or one whose writes become an image.

use super::args::RunArgs;
use super::guest_command::Command;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::ENV_PROFILE;
use vm_test_runtime::harvest::{Places, ProfilePlace};

/// Runs the command and returns its exit code.
pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    if let Some(name) = &args.commit {
        return super::commit::run(&args.guest, &args.settings, &args.command, name);
    }
    let command = Command::new(&args.guest, &args.settings, &args.command)?;
    let mut lease = command.lease("run", None)?;
    let profiles = Places {
        profiles: ProfilePlace::for_program(command.program()).filter(|_| is_measured()),
        ..Places::default()
    };
    command.follow(&mut lease, profiles)
}

/// Returns whether the environment asks for coverage.
fn is_measured() -> bool {
    std::env::var_os(ENV_PROFILE).is_some_and(|pattern| !pattern.is_empty())
}
