//! `vm-test lab graph`: draws the lab in the language that is asked for.

use super::{dot, mermaid, svg};
use crate::cli::args::{Format, GraphArgs};
use crate::cli::lab::choice;
use crate::cli::output::say;
use vm_test_protocol::failure::Failure;

/// Prints the picture.
pub(in crate::cli::lab) fn print(args: &GraphArgs) -> Result<(), Failure> {
    let lab = choice::lab(args.name.as_deref())?;
    say(&match args.format {
        Format::Svg => svg::draw(&lab),
        Format::Dot => dot::draw(&lab),
        Format::Mermaid => mermaid::draw(&lab),
    })
}
