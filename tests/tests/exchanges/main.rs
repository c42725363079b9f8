//! Real clients and real servers with the fault proxy between them: errors arrive as the server's
//! own, the next call works, and without faults nobody notices the proxy.
//!
//! Each test runs in namespaces of its own, so that servers and clients can have the addresses that
//! they want.

mod in_full;
mod memcached;
mod namespace;
mod proxy;
mod python;
mod redis;
mod server;
mod transparency;
