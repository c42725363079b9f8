//! What the agent's program does for a test where it runs as a tool: a process of its own, which
//! hears the test on its standard input and answers on its standard output. Knows nothing of the
//! agent's own work.

mod address;
mod echoes;
mod exchange;
mod faults;
mod files;
mod hindrance;
mod http;
mod icmp;
mod netlink;
mod ping;
mod play;
mod settling;
mod sniffer;
mod stop;
mod streams;
mod tcp_server;
mod traceroute;
mod udp;
mod vlan;
mod watch;

pub(super) use play::play;
