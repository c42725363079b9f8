//! Toxiproxy's HTTP API, version 2.12, for clients that were written for Toxiproxy.

mod body;
mod calls;
mod metrics;
mod process;
mod reply;
mod request_id;
mod router;
mod server;
mod view;

pub(crate) use calls::wanted_in;
pub use metrics::Exported;
pub use server::Server;
