//! Containers whose first process is the agent: this process starts it in namespaces inside its own.
//! liblxc is for guests whose own init boots.

mod kernel_files;
mod start;
mod trouble;

pub use start::run;
