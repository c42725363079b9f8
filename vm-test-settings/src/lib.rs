//! What people set in `#[on_vm]`, in `vm-test.toml`, on the command line and in variables, and how
//! they spell it: the table of a guest's settings, the forms of their values, and words of which one
//! was probably meant.
//!
//! A part of vm-test that only its own crates use: the attribute, the runtime and the program all
//! read the same, and the attribute cannot depend on the runtime, which depends on it.
#![forbid(unsafe_code)]

pub mod form;
pub mod guest;
pub mod limits;
pub mod pattern;
pub mod quantity;
pub mod word;
