//! Settings of IP version 6 in the present network namespace, where the kernel has it.

use std::fs;
use std::io::{self, ErrorKind};

/// Sets a value of the present network namespace's IPv6, if the kernel has that.
pub(super) fn set(name: &str, value: &str) -> io::Result<()> {
    match fs::write(format!("/proc/sys/net/ipv6/{name}"), value) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
