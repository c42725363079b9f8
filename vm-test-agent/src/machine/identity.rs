//! Gives a restored VM its own identity before anything of a test runs: random numbers, time,
//! names.

use rustix::time::{ClockId, Timespec, clock_settime};
use std::fs::{self, File};
use std::io::{self, Write};
use std::time::Duration;
use vm_test_protocol::machine::Identity;
use vm_test_sys::entropy;
use vm_test_sys::hosts;

/// The files with the host name and the machine id, and what is written to them.
const FILES: [(&str, &str); 2] = [
    ("/etc/hostname", "write its host name"),
    ("/etc/machine-id", "write its machine id"),
];

/// How far the clock of a machine that has waited may be from the host's before it is set again.
/// What the host says is some milliseconds old when it is heard, and a second is what a test may
/// rely on.
const CLOSE: Duration = Duration::from_millis(250);

/// Gives the VM this identity.
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
    add_to_hosts(&identity.host_name, &identity.hosts)
        .map_err(cannot("write its name to /etc/hosts"))
}

/// Gives a VM that was restored from a state of its own what no two copies may have in common.
pub(super) fn renew(time: Duration, seed: &[u8]) -> io::Result<()> {
    entropy::add(seed).map_err(cannot("seed its random numbers"))?;
    set_clock(time)
}

/// Makes the VM's host name resolve to itself, and adds lines about other names.
fn add_to_hosts(name: &str, others: &str) -> io::Result<()> {
    let known = fs::read(hosts::FILE).ok();
    let Some(missing) = hosts::missing_with(known.as_deref(), name, others) else {
        return Ok(());
    };
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(hosts::FILE)?;
    file.write_all(missing.as_bytes())
}

/// Empties the files that identify the VM, so that a copy only has to write its own values.
pub(super) fn forget() -> io::Result<()> {
    FILES
        .iter()
        .try_for_each(|(file, what)| fs::write(file, "").map_err(cannot(what)))
}

/// Writes a line to an empty file.
///
/// Truncating it again would make the kernel write it to disk at once.
fn fill(file: &str, line: &str) -> io::Result<()> {
    let mut file = File::options().write(true).open(file)?;
    file.write_all(format!("{line}\n").as_bytes())
}

/// Sets the clock to the host's time if it has drifted while the VM waited, for example because the
/// host slept or its own clock was set.
///
/// Setting the clock notifies all who wait for that, and their reaction would run beside the test.
pub(super) fn correct_clock(time: Duration) -> io::Result<()> {
    let own = rustix::time::clock_gettime(ClockId::Realtime);
    let own = Duration::try_from(own).unwrap_or_default();
    if is_close(own, time) {
        return Ok(());
    }
    set_clock(time)
}

fn is_close(own: Duration, host: Duration) -> bool {
    own.abs_diff(host) <= CLOSE
}

/// Sets the clock to this time since 1970.
fn set_clock(time: Duration) -> io::Result<()> {
    let time = Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    };
    clock_settime(ClockId::Realtime, time)
        .map_err(io::Error::from)
        .map_err(cannot("set its clock"))
}

fn cannot(what: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_set_again_only_if_it_is_far_from_the_hosts_to_either_side() {
        let host = Duration::from_secs(1_800_000_000);
        for own in [host, host - CLOSE, host + CLOSE] {
            assert!(is_close(own, host), "{own:?}");
        }
        let moment = Duration::from_nanos(1);
        let (early, late) = (host - CLOSE - moment, host + CLOSE + moment);
        for own in [Duration::ZERO, early, late, Duration::MAX] {
            assert!(!is_close(own, host), "{own:?}");
        }
    }
}
