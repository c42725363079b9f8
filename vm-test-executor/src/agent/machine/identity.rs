//! What a copy of a machine must have of its own before anything of a test runs: random numbers, time, names.

use crate::sys::entropy;
use rustix::time::{ClockId, Timespec, clock_settime};
use std::fs::{self, File};
use std::io::{self, Write};
use vm_test::protocol::machine::Identity;

/// The files with its host name and its machine id, and what is done to them.
const FILES: [(&str, &str); 2] = [
    ("/etc/hostname", "write its host name"),
    ("/etc/machine-id", "write its machine id"),
];

/// Takes it on.
pub(super) fn take(identity: &Identity) -> io::Result<()> {
    entropy::add(&identity.seed).map_err(cannot("seed its random numbers"))?;
    set_clock(identity.time)?;
    rustix::system::sethostname(identity.host_name.as_bytes())
        .map_err(io::Error::from)
        .map_err(cannot("set its host name"))?;
    for ((file, what), text) in FILES
        .iter()
        .zip([&identity.host_name, &identity.machine_id])
    {
        fill(file, text).map_err(cannot(what))?;
    }
    Ok(())
}

/// Empties the files that say who the machine is, so that a copy of it has only to add its own words.
pub(super) fn forget() -> io::Result<()> {
    FILES
        .iter()
        .try_for_each(|(file, what)| fs::write(file, "").map_err(cannot(what)))
}

/// Writes a line to an empty file. To empty it once more would have the kernel bring the line to the disk at once.
fn fill(file: &str, line: &str) -> io::Result<()> {
    let mut file = File::options().write(true).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
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
