//! `vm-test runner`: a whole test binary in a guest, for cargo and nextest. It differs from
//! `vm-test run` in three ways: the program comes from the host, a signal that ends it also ends
//! this process, and its instance may be kept when it fails. nextest's SIGTERM ends it like a test
//! with `#[on_vm]`.

use super::args::RunnerArgs;
use super::guest_command::Command;
use super::output::{duration, remark};
use super::{exit, places};
use libc::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use rustix::process::{Resource, Rlimit, setrlimit};
use vm_test_protocol::agent::End;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Lease, program};

/// The option that makes a binary list its tests and run none. nextest uses it first, as IDEs do.
const LIST: &str = "--list";

/// The signals by which a user ends a run.
const ENDED_BY_SOMEBODY: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// Runs the binary and returns its exit code.
pub(super) fn run(args: &RunnerArgs) -> Result<u8, Failure> {
    let lists = args.command.iter().skip(1).any(|word| word == LIST);
    let mut command = Command::new(&args.guest, &args.settings, &args.command)?.of_host()?;
    if !lists {
        command.keep_as_tests_do();
        command.end_as_tests_do();
    }
    let mut lease = command.lease("runner", None)?;
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
    // nextest starts a process for each test.
    let test = std::env::var("NEXTEST_TEST_NAME").ok();
    let (binary, export) = (command.program(), &lease.granted.export);
    let places = if lists {
        places::of_list(binary)
    } else {
        places::of_tests(binary, &package, test.as_deref(), export)
    };
    let ending = command.end(&mut lease, places)?;
    let is_failed = ending.as_ref().is_some_and(|it| is_failure(&it.end));
    if !lists && lease.granted.keep_for.is_some() && is_failed {
        keep(&lease);
    }
    drop(lease);
    let Some(ending) = ending else {
        return Ok(exit::signaled(SIGHUP));
    };
    match ending.signal() {
        Some(number) => {
            end_by(number);
            Ok(exit::signaled(number))
        }
        None => Ok(exit::of(&ending.end)),
    }
}

/// Returns whether the instance may be worth looking at.
fn is_failure(end: &End) -> bool {
    match end {
        End::Exited(code) => *code != 0,
        End::Signaled(number) => !ENDED_BY_SOMEBODY.contains(number),
        _ => true,
    }
}

/// Keeps the instance, and prints how to get into it, as for a failed test.
fn keep(lease: &Lease) {
    let instance = &lease.granted.instance;
    match lease.keep() {
        Ok(stays) => remark(&format!(
            "the instance is kept for {}; to open a shell in it: {} attach {instance}",
            duration(stays),
            program()
        )),
        Err(failure) => remark(&format!("instance {instance} is not kept: {failure}")),
    }
}

/// Ends this process the way the binary ended, so that its parent sees the same.
fn end_by(number: i32) {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A core dump would be of this program and say nothing about the binary.
    let _ = setrlimit(Resource::Core, none);
    let _ = signal_hook::low_level::emulate_default_handler(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_or_was_ended_by_somebody_is_no_failure() {
        for (end, failure) in [
            (End::Exited(0), false),
            (End::Exited(101), true),
            (End::Signaled(libc::SIGSEGV), true),
            (End::Signaled(SIGINT), false),
            (End::TimedOut, true),
            (End::OutOfMemory, true),
        ] {
            assert_eq!(is_failure(&end), failure, "{end:?}");
        }
    }
}
