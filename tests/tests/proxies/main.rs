//! The programs `vm-test-proxy` and `vm-test proxy` as processes: command lines, signals, sudden
//! death, crowds, hostile clients and servers, and the clients that others have written for Toxiproxy.

mod command_line;
mod crowd;
mod floods;
mod halves;
mod hostile;
mod in_full;
mod kills;
mod memcached;
mod mode;
mod server;
mod talk;
