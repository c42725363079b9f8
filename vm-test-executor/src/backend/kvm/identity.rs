//! What makes a restored VM unique: the time, random numbers, a machine id.

use rustix::rand::{GetRandomFlags, getrandom};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vm_test_protocol::machine::Identity;

/// How many bytes of random seed a VM gets.
const SEED: usize = 64;

/// Adds to the identity what is known only now: the time and a random seed.
pub(super) fn complete(identity: &Identity) -> io::Result<Identity> {
    let mut seed = vec![0; SEED];
    let mut machine_id = [0; 16];
    getrandom(&mut seed, GetRandomFlags::empty())?;
    getrandom(&mut machine_id, GetRandomFlags::empty())?;
    let mut card = [0; 4];
    getrandom(&mut card, GetRandomFlags::empty())?;
    Ok(Identity {
        seed,
        card,
        machine_id: machine_id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        time: now(),
        ..identity.clone()
    })
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}
