//! Gives a restored VM its own identity before anything of a test runs: random numbers, time,
//! names.

use rustix::time::{ClockId, Timespec, clock_settime};
use std::fs::{self, File};
use std::io::{self, Write};
use std::time::Duration;
use vm_test_protocol::machine::Identity;
use vm_test_sys::entropy;
use vm_test_sys::hosts;

/// The file with the host name, and what is done to it.
const HOST_NAME: (&str, &str) = ("/etc/hostname", "write its host name");

/// The file with the machine id, and what is done to it.
const MACHINE_ID: (&str, &str) = ("/etc/machine-id", "write its machine id");

/// How far the clock of a machine that has waited may be from the host's before it is set again.
/// What the host says is some milliseconds old when it is heard, and a second is what a test may
/// rely on.
const CLOSE: Duration = Duration::from_millis(250);

/// Gives the VM what no other copy has: random numbers, the time, a machine id.
pub(super) fn renew(identity: &Identity) -> io::Result<()> {
    entropy::add(&identity.seed).map_err(cannot("seed its random numbers"))?;
    set_clock(identity.time)?;
    fill(MACHINE_ID, &identity.machine_id)
}

/// Gives the VM its host name, and the names of others.
pub(super) fn name(identity: &Identity) -> io::Result<()> {
    rustix::system::sethostname(identity.host_name.as_bytes())
        .map_err(io::Error::from)
        .map_err(cannot("set its host name"))?;
    fill(HOST_NAME, &identity.host_name)?;
    add_to_hosts(&identity.host_name, &identity.hosts)
        .map_err(cannot("write its name to /etc/hosts"))
}

/// Gives a VM that was restored from a state of its own what no two copies may have in common.
pub(super) fn refresh(time: Duration, seed: &[u8]) -> io::Result<()> {
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
    [HOST_NAME, MACHINE_ID]
        .iter()
        .try_for_each(|(file, what)| fs::write(file, "").map_err(cannot(what)))
}

/// Writes a line to an empty file.
///
/// Truncating it again would make the kernel write it to disk at once.
fn fill((file, what): (&str, &'static str), line: &str) -> io::Result<()> {
    let file = File::options().write(true).open(file);
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
        .map_err(cannot(what))
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
