//! The settings that users write, and their syntax.
//!
//! They are in `#[on_vm]`, in `vm-test.toml`, on the command line and in variables. This crate has
//! the table of a guest's settings, the forms of their values, and suggestions for misspelled
//! words.
//!
//! It is internal to vm-test. The attribute, the runtime and the program all need the same
//! definitions, and the attribute cannot depend on the runtime, which depends on it.
#![forbid(unsafe_code)]

pub mod form;
pub mod forward;
pub mod guest;
pub mod label;
pub mod limits;
pub mod pattern;
pub mod placement;
pub mod quantity;
mod refusal;
pub mod word;
