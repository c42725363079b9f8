//! The program `vm-test-agent`: the first process of a guest.

use std::process::ExitCode;

fn main() -> ExitCode {
    vm_test_agent::main()
}
