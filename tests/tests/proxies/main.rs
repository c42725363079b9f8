//! The program `vm-test-proxy` as a process: its command line, its signals, its sudden death, and
//! the clients that others have written for Toxiproxy.

mod command_line;
mod crowd;
mod in_full;
mod kills;
mod server;
