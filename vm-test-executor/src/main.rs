//! The program `vm-test`: picks what it is this time. Only here and in `cli` something is printed for people.

use std::process::ExitCode;
use vm_test_executor::{cli, image, keeper};

fn main() -> ExitCode {
    // The keeper comes first and without argument parsing: every test waits for it.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|arg| arg == keeper::COMMAND)
    {
        return keeper::main();
    }
    if std::env::args_os()
        .nth(1)
        .is_some_and(|arg| arg == image::INSIDE_COMMAND)
    {
        return image::inside_main();
    }
    cli::main()
}
