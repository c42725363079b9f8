//! A set-up: a function of a test binary whose work several tests start from. What tells one from
//! another; plain data.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A set-up of a test binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUp {
    /// The function, for people.
    pub name: String,
    /// The call of the function, which tells it from the binary's other functions.
    #[serde(with = "super::bytes")]
    pub call: Vec<u8>,
    /// The binary.
    pub binary: Binary,
    /// The client's variables, each with a number that differs where its value does. Those that
    /// the guest gets count.
    pub variables: Vec<(String, u64)>,
}

/// The file of a program that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary {
    /// The path.
    pub path: String,
    /// The length, in bytes.
    pub length_bytes: u64,
    /// When it was last written, since 1970.
    pub modified: Duration,
}
