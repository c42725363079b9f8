//! Real clients and real servers with the fault proxy between them: errors arrive as the server's
//! own, the next call works, and without faults nobody notices the proxy.

mod mariadb;
mod mysql;
mod proxy;
mod python;
mod smtp;
mod switchboard;
