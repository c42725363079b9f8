//! Why a function is not called, or its argument or result cannot be used. Words only.

use std::fmt;

/// Why a call did not take place, or has no usable result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The address is not one of this program's functions.
    NoFunction,
    /// The function at the address takes or returns other types than the caller expects.
    OtherTypes,
    /// The code that calls is not in the program's own file, so addresses mean nothing elsewhere.
    SharedLibrary(String),
    /// The kernel does not show where the program's code is: the reason.
    NoMap(String),
    /// The argument cannot be encoded or decoded: the reason.
    Argument(String),
    /// The result cannot be encoded or decoded: the reason.
    Result(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFunction => {
                to.write_str("there is no function at this address: the two programs differ")
            }
            Self::OtherTypes => {
                to.write_str("the function takes or returns other types: the two programs differ")
            }
            Self::SharedLibrary(path) => write!(
                to,
                "the code is in {path}, not in the program's own file: crates of type `dylib` and \
                 `-C prefer-dynamic` are not supported"
            ),
            Self::NoMap(cause) => write!(to, "cannot find the program's code: {cause}"),
            Self::Argument(cause) => write!(to, "cannot pass the argument: {cause}"),
            Self::Result(cause) => write!(to, "cannot return the result: {cause}"),
        }
    }
}

impl std::error::Error for Refusal {}
