//! The program `vm-test`: picks what it is this time. Only here and in `cli` something is printed
//! for people.

use std::process::ExitCode;
use vm_test_executor::{cli, image, keeper, proxy};

fn main() -> ExitCode {
    // The keeper comes first and without argument parsing: every test waits for it.
    if let Some(command) = std::env::args_os().nth(1) {
        for (name, main) in [
            (keeper::COMMAND, keeper::main as fn() -> ExitCode),
            (keeper::ZYGOTE, keeper::zygote_main),
            (keeper::lab::LAB, keeper::lab::main),
            (keeper::lab::OWN_LINK, keeper::lab::carry_own_link),
            (keeper::FORWARD, keeper::forward_main),
            (proxy::COMMAND, proxy::main),
            (keeper::TRIAL, keeper::try_out),
            (image::INSIDE_COMMAND, image::inside_main),
            (image::payload::COMMAND, image::payload::main),
        ] {
            if command == name {
                return main();
            }
        }
    }
    cli::main()
}
