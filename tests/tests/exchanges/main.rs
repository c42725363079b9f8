//! Real clients and real servers with the fault proxy between them: errors arrive as the server's
//! own, the next call works, and without faults nobody notices the proxy.
//!
//! Where servers and clients want addresses that others may have, the test runs in namespaces of its
//! own.

mod cuts;
mod in_full;
mod mariadb;
mod memcached;
mod mysql;
mod namespace;
mod proxy;
mod python;
mod redis;
mod refusals;
mod server;
mod smtp;
mod switchboard;
mod transparency;
