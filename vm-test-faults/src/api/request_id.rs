//! The ids that requests get, in the form of Toxiproxy's: 20 digits of base 32. It knows no request.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

/// Returns an id that no other request of this process has, and hardly one of any other.
pub(super) fn fresh() -> String {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = seconds.map_or(0, |since| since.as_secs()) as u32;
    let process = *PROCESS.get_or_init(|| fastrand::u64(..));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    bytes[4..9].copy_from_slice(&process.to_be_bytes()[..5]);
    bytes[9..].copy_from_slice(&number.to_be_bytes()[1..]);
    digits(bytes)
}

fn digits(bytes: [u8; 12]) -> String {
    // 96 bits are 20 digits of 5 bits, the last of which has 1.
    let bit = |index: usize| {
        let byte = bytes.get(index / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - index % 8) & 1)
    };
    let digit = |number: usize| (0..5).fold(0, |value, at| value << 1 | bit(number * 5 + at));
    (0..20)
        .map(|number| char::from(DIGITS[digit(number)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_20_digits_and_differ() {
        let (one, two) = (fresh(), fresh());
        assert_ne!(one, two);
        assert!(one.len() == 20 && one.bytes().all(|digit| DIGITS.contains(&digit)));
        assert_eq!(digits([0xff; 12]), format!("{}g", "v".repeat(19)));
    }
}
