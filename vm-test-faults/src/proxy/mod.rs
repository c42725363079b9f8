//! The proxy itself: listeners, connections and the toxics on their way, and the register of
//! proxies that have names.

mod carried;
mod connection;
mod entry;
mod error;
mod link;
mod listener;
mod register;
mod setup;
mod source;
mod traffic;
mod turn;

pub use entry::{Described, Update, Wanted};
pub use error::ProxyError;
pub use listener::Proxy;
pub use register::Proxies;
pub use setup::Setup;
pub use traffic::Traffic;
