//! The program `vm-test-proxy`: Toxiproxy's flags and API. Its `main` is in vm-test-executor.

mod flags;
mod options;
mod run;

pub use run::main;
