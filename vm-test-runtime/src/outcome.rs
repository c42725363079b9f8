//! The return types that a test on a guest may have, and what each value says. Knows no guest.

use std::fmt::Debug;
use std::io::Write;
use std::process::ExitCode;

/// A return type of a test that runs on a guest: `()`, `Result<(), E>` or `ExitCode`.
///
/// The host never has the value that the body returned in the guest, so it must be able to make one
/// that passes.
#[diagnostic::on_unimplemented(
    message = "a test on a guest cannot return `{Self}`",
    label = "this return type cannot be brought back from a guest",
    note = "return `()`, `Result<(), E>` with `E: Debug`, or `ExitCode`"
)]
pub trait Outcome: Sized {
    /// Returns the value that passes.
    fn passed() -> Self;

    /// Returns why this value stands for failure, if it does. Prints what libtest would print for
    /// it.
    fn failure(&self) -> Option<String>;
}

impl Outcome for () {
    fn passed() -> Self {}

    fn failure(&self) -> Option<String> {
        None
    }
}

impl<T: Outcome, E: Debug> Outcome for Result<T, E> {
    fn passed() -> Self {
        Ok(T::passed())
    }

    fn failure(&self) -> Option<String> {
        match self {
            Ok(value) => value.failure(),
            Err(error) => {
                // libtest prints this line when it receives the value, which in a guest is after
                // the body's output.
                Some(said(format!("Error: {error:?}")))
            }
        }
    }
}

impl Outcome for ExitCode {
    fn passed() -> Self {
        Self::SUCCESS
    }

    fn failure(&self) -> Option<String> {
        (*self != Self::SUCCESS).then(|| {
            // libtest prints nothing about such a value, and then nobody would know why the test
            // failed.
            said(format!("Error: the test returned {self:?}"))
        })
    }
}

/// Prints the reason. Failing to print it is ignored: the body may have closed its streams.
fn said(reason: String) -> String {
    let _ = writeln!(std::io::stderr(), "{reason}");
    reason
}
