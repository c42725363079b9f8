//! What a copy of a machine must have of its own before anything of a test runs: random numbers, time, names.

use crate::sys::entropy;
use rustix::time::{ClockId, Timespec, clock_settime};
use std::fs;
use std::io;
use vm_test::protocol::machine::Identity;

/// Takes it on.
pub(super) fn take(identity: &Identity) -> io::Result<()> {
    entropy::add(&identity.seed).map_err(cannot("seed its random numbers"))?;
    set_clock(identity.time)?;
    rustix::system::sethostname(identity.host_name.as_bytes())
        .map_err(io::Error::from)
        .map_err(cannot("set its host name"))?;
    fs::write("/etc/hostname", format!("{}\n", identity.host_name))
        .map_err(cannot("write its host name"))?;
    fs::write("/etc/machine-id", format!("{}\n", identity.machine_id))
        .map_err(cannot("write its machine id"))
}

/// Sets the clock to so many nanoseconds since 1970.
pub(super) fn set_clock(time: u64) -> io::Result<()> {
    let time = Timespec {
        tv_sec: i64::try_from(time / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(time % 1_000_000_000).unwrap_or(0),
    };
    clock_settime(ClockId::Realtime, time)
        .map_err(io::Error::from)
        .map_err(cannot("set its clock"))
}

fn cannot(what: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}
