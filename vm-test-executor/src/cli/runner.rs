//! `vm-test runner`: a whole test binary in a guest, for cargo and nextest. A command like others, whose program is the
//! host's and whose end by a signal becomes this program's own.

use super::args::RunnerArgs;
use super::run::Command;
use super::{exit, places};
use rustix::process::{Resource, Rlimit, setrlimit};
use vm_test::protocol::agent::End;
use vm_test::protocol::failure::Failure;

/// Runs the binary and returns its exit code.
pub(super) fn run(args: &RunnerArgs) -> Result<u8, Failure> {
    let command = Command::new(&args.guest, &args.settings, &args.command)?.of_host()?;
    let mut lease = command.lease("runner", None)?;
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    // nextest has a process for each test.
    let test = std::env::var("NEXTEST_TEST_NAME").ok();
    let artifacts = places::artifacts(command.program(), &package, test.as_deref());
    let places = places::of_tests(artifacts, &lease.granted.export);
    let end = command.end(&mut lease, places)?;
    drop(lease);
    match end {
        Some(End::Signaled(number)) => {
            end_by(number);
            Ok(exit::signaled(number))
        }
        Some(end) => Ok(exit::of(&end)),
        None => Ok(exit::signaled(libc::SIGHUP)),
    }
}

/// Ends this process the way the binary has ended, so that whoever started it sees the same.
fn end_by(number: i32) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // The core would be this program's, which says nothing about the binary.
    let _ = setrlimit(Resource::Core, none);
    let _ = signal_hook::low_level::emulate_default_handler(number);
}
