//! What makes a restored VM unique: the time, random numbers, a machine id.

use rustix::rand::{GetRandomFlags, getrandom};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vm_test_protocol::machine::Identity;

/// How many bytes of random seed a VM gets.
const SEED: usize = 64;

/// Adds to the identity what is known only now: the time and a random seed.
pub(super) fn complete(identity: &Identity) -> io::Result<Identity> {
    let machine_id = match &*identity.machine_id {
        "" => machine_id()?,
        // A node has the same one whenever it boots.
        known => known.to_owned(),
    };
    let mut card = [0; 4];
    getrandom(&mut card, GetRandomFlags::empty())?;
    Ok(Identity {
        seed: seed()?,
        card,
        machine_id,
        time: now(),
        ..identity.clone()
    })
}

/// Returns random numbers for a VM.
pub(super) fn seed() -> io::Result<Vec<u8>> {
    let mut seed = vec![0; SEED];
    getrandom(&mut seed, GetRandomFlags::empty())?;
    Ok(seed)
}

/// Returns a new machine id.
///
/// # Errors
/// If the kernel has no random numbers.
pub fn machine_id() -> io::Result<String> {
    let mut id = [0; 16];
    getrandom(&mut id, GetRandomFlags::empty())?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The time since 1970.
pub(super) fn now() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}
