//! The program `vm-test-proxy`: faults between programs, driven by Toxiproxy's API.

use std::process::ExitCode;

fn main() -> ExitCode {
    vm_test_faults::program::main()
}
