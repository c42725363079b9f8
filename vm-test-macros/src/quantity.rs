//! Reads sizes and durations within their limits, and knows what is said of one that cannot be
//! used. It must not know how quantities are spelled, nor which setting one belongs to.

use vm_test_settings::form::Refusal;
use vm_test_settings::limits::Limits;
use vm_test_settings::quantity::Remedy;

/// Parses `text` into bytes or milliseconds.
pub(crate) fn read(limits: &Limits, text: &str) -> Result<u64, Refusal> {
    let out_of_range = || {
        let cause = format!("`{}` is out of range", text.escape_debug());
        let [least, most] = limits.ends();
        let hint = format!("write a {} from `{least}` to `{most}`", limits.scale.noun);
        Refusal::new(cause, hint)
    };
    match limits.scale.read(text) {
        Ok(value) if limits.has(value) => Ok(value),
        Ok(_) => Err(out_of_range()),
        Err(wrong) => Err(match wrong.remedy {
            Remedy::Less => out_of_range(),
            Remedy::Write(better) if limits.accept(&better) => {
                Refusal::new(wrong.cause, format!("write `\"{better}\"`"))
            }
            Remedy::Write(_) | Remedy::Rule => Refusal::new(wrong.cause, limits.scale.rule()),
        }),
    }
}

/// Returns the valid spelling that `text` most likely stands for.
pub(crate) fn correct(limits: &Limits, text: &str) -> Option<String> {
    let correct = limits.scale.correct(text);
    correct.filter(|correct| limits.accept(correct))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_settings::limits::{DISK, MEMORY, TIME};

    #[test]
    fn quantities_are_read_within_their_limits() {
        for (limits, text, value) in [
            (&MEMORY, "16M", 16 << 20),
            (&MEMORY, "16384 k", 16 << 20),
            (&MEMORY, "1TiB", 1 << 40),
            (&DISK, "1 MB", 1 << 20),
            (&DISK, "1T", 1 << 40),
            (&TIME, "1ms", 1),
            (&TIME, "1h 30m", 5_400_000),
            (&TIME, "24h", 86_400_000),
            (&TIME, "23h60m", 86_400_000),
        ] {
            assert_eq!(read(limits, text), Ok(value), "{text}");
        }
    }

    #[test]
    fn every_wrong_quantity_names_its_cause_and_its_cure() {
        let size_rule = "write a whole number and a unit; the units are `K`, `M`, `G` and `T`";
        let time_rule = "write a whole number and a unit; the units are `ms`, `s`, `m` and `h`";
        let size_range = "write a size from `16M` to `1T`";
        let disk_range = "write a size from `1M` to `1T`";
        let time_range = "write a duration from `1ms` to `24h`";
        for (limits, text, cause, hint) in [
            (&MEMORY, "512", "`512` has no unit", "write `\"512M\"`"),
            (&MEMORY, "5", "`5` has no unit", size_rule),
            (&DISK, "5", "`5` has no unit", "write `\"5M\"`"),
            (&MEMORY, "512X", "`X` is not a unit", size_rule),
            (&MEMORY, "15M", "`15M` is out of range", size_range),
            (&MEMORY, "0 mb", "`0 mb` is out of range", size_range),
            (&MEMORY, "1025G", "`1025G` is out of range", size_range),
            (
                &MEMORY,
                "18446744073709551615T",
                "`18446744073709551615T` is out of range",
                size_range,
            ),
            (&DISK, "1023K", "`1023K` is out of range", disk_range),
            (&TIME, "60", "`60` has no unit", "write `\"60s\"`"),
            (&TIME, "0", "`0` has no unit", time_rule),
            (&TIME, "1min", "`min` is not a unit", time_rule),
            (&TIME, "0s", "`0s` is out of range", time_range),
            (&TIME, "24h 1ms", "`24h 1ms` is out of range", time_range),
        ] {
            assert_eq!(read(limits, text), Err(Refusal::new(cause, hint)), "{text}");
        }
    }

    #[test]
    fn a_correction_is_itself_accepted() {
        for limits in [&MEMORY, &DISK, &TIME] {
            for text in ["1", "16", "512", "512m", "60S", "3H", "1 g", "90000", "0"] {
                if let Some(correct) = correct(limits, text) {
                    assert!(read(limits, &correct).is_ok(), "{text} became {correct}");
                }
            }
        }
    }
}
