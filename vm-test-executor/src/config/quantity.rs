//! Sizes and durations as people write them: `512M`, `5m`. Pure text to number.

/// Bytes; the unit is one of K, M, G, T, in powers of 1024, and must be there.
///
/// # Errors
/// What is expected instead.
pub fn bytes(text: &str) -> Result<u64, String> {
    let form =
        || format!("`{text}` is not a size; write a number with a unit, as in \"512M\" or \"2G\"");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..].trim_start() {
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        "T" | "TiB" => 40,
        _ => return Err(form()),
    };
    let count: u64 = digits.parse().map_err(|_| form())?;
    count.checked_mul(1 << shift).ok_or_else(form)
}

/// Milliseconds; the unit is one of ms, s, m, h, and must be there.
///
/// # Errors
/// What is expected instead.
pub fn millis(text: &str) -> Result<u64, String> {
    let form = || {
        format!("`{text}` is not a duration; write a number with a unit, as in \"60s\" or \"5m\"")
    };
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor = match text[digits.len()..].trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(form()),
    };
    let count: u64 = digits.parse().map_err(|_| form())?;
    count.checked_mul(factor).ok_or_else(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_units_and_do_not_overflow() {
        assert_eq!(bytes("512M"), Ok(512 << 20));
        assert_eq!(bytes("2 GiB"), Ok(2 << 30));
        assert_eq!(millis("1500ms"), Ok(1500));
        assert_eq!(millis("5m"), Ok(300_000));
        for bad in [
            "",
            "12",
            "M",
            "1X",
            "-1M",
            "99999999999999999999T",
            "18446744073709551615T",
        ] {
            assert!(bytes(bad).is_err(), "{bad}");
            assert!(millis(bad).is_err(), "{bad}");
        }
    }
}
