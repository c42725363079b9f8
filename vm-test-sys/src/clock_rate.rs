//! How fast the system's clock runs (`adjtimex`). Knows the system call, not which rate is right.

use std::io;

/// How many units of [`Rate::frequency`] are a millionth.
pub const FREQUENCY_UNITS: i64 = 1 << 16;

/// How many millionths one unit of [`Rate::tick`] is.
pub const TICK_MILLIONTHS: i64 = 100;

/// The rate of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How far it goes in a hundredth of a second, in millionths of a second.
    pub tick: i64,
    /// How much faster it runs, in millionths times [`FREQUENCY_UNITS`]; at most 500 millionths.
    pub frequency: i64,
}

/// Returns the rate.
///
/// # Errors
/// If the kernel does not say.
pub fn get() -> io::Result<Rate> {
    let values = adjust(empty())?;
    Ok(Rate {
        tick: values.tick,
        frequency: values.freq,
    })
}

/// Sets the rate.
///
/// # Errors
/// `EPERM` if this is not root in the initial user namespace, `EINVAL` if the rate is too far off.
pub fn set(rate: Rate) -> io::Result<()> {
    let mut values = empty();
    values.modes = libc::ADJ_TICK | libc::ADJ_FREQUENCY;
    values.tick = rate.tick;
    values.freq = rate.frequency;
    adjust(values).map(drop)
}

fn empty() -> libc::timex {
    // SAFETY: the structure has numbers only, for which zero is a value.
    unsafe { std::mem::zeroed() }
}

fn adjust(mut values: libc::timex) -> io::Result<libc::timex> {
    // SAFETY: the kernel reads and writes the structure, which outlives the call.
    match unsafe { libc::adjtimex(&raw mut values) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_this_clock_is_near_that_of_a_second() {
        let rate = get().unwrap();
        assert!((9000..=11_000).contains(&rate.tick), "{rate:?}");
        assert!(rate.frequency.abs() <= 500 * FREQUENCY_UNITS, "{rate:?}");
    }
}
