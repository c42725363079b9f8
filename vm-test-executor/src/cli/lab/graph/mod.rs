//! Pictures of a lab, from its configuration alone: networks as bars, nodes as boxes, a line for
//! each link.

mod dot;
mod drawing;
mod escape;
mod labels;
mod mermaid;
mod print;
mod svg;

pub(super) use print::print;

#[cfg(test)]
mod tests;
