//! Makes images: by recipe, step by step, or from what a session in a guest wrote.
//!
//! Reports its progress; guests are started elsewhere. All other modules of `image` are below this
//! one.

#[expect(
    clippy::module_inception,
    reason = "the module has the name of what it is about"
)]
mod build;
mod chain;
mod command;
mod commit;
mod kernel_files;
mod kernel_layer;
mod layers;
mod other_kernel;
mod packages;
mod place;
mod system;

pub use build::build;
pub use commit::Session;
pub use layers::Progress;
pub use other_kernel::with_kernel;
