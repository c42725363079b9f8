//! Spellings of sizes and durations with their values, and the messages for wrong ones.

use super::*;

const MIB: u64 = 1 << 20;

#[test]
fn every_spelling_of_a_size_means_the_same() {
    for unit in ["M", "MB", "MiB", "m", "mb", "mib", "Mib", "MIB", "mB"] {
        for text in [
            format!("512{unit}"),
            format!("512 {unit}"),
            format!(" 512\t{unit} "),
        ] {
            assert_eq!(SIZE.read(&text), Ok(512 * MIB), "{text:?}");
            assert_eq!(bytes(&text), Ok(512 * MIB), "{text:?}");
        }
    }
    for (text, bytes) in [
        ("0M", 0),
        ("1k", 1 << 10),
        ("16384 KiB", 16 * MIB),
        ("007M", 7 * MIB),
        ("2G", 2048 * MIB),
        ("1 tb", 1 << 40),
        ("16777215T", 16_777_215 << 40),
    ] {
        assert_eq!(SIZE.read(text), Ok(bytes), "{text}");
    }
}

#[test]
fn durations_have_one_unit_or_several() {
    for (text, milliseconds) in [
        ("0s", 0),
        ("500ms", 500),
        ("500 MS", 500),
        ("90s", 90_000),
        ("5m", 300_000),
        ("5 M", 300_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("1 h 30 m", 5_400_000),
        ("1H30M", 5_400_000),
        ("1h90m", 9_000_000),
        ("1h1m1s1ms", 3_661_001),
        ("1m500ms", 60_500),
        ("24h", 86_400_000),
    ] {
        assert_eq!(DURATION.read(text), Ok(milliseconds), "{text}");
        assert_eq!(millis(text), Ok(milliseconds), "{text}");
    }
}

#[test]
fn every_wrong_quantity_names_its_cause_and_its_cure() {
    let write = |text: &str| Remedy::Write(text.to_owned());
    for (scale, text, cause, remedy) in [
        (&SIZE, "512", "`512` has no unit", write("512M")),
        (&SIZE, " 512 ", "`512` has no unit", write("512M")),
        (&SIZE, "512X", "`X` is not a unit", Remedy::Rule),
        (&SIZE, "512 MBit", "`MBit` is not a unit", Remedy::Rule),
        (&SIZE, "512B", "`B` is not a unit", Remedy::Rule),
        (
            &SIZE,
            "512M!",
            "`512M!` does not continue with a whole number",
            Remedy::Rule,
        ),
        (&SIZE, "5 12M", "`12M` is not a unit", Remedy::Rule),
        (&SIZE, "1_024M", "`_024M` is not a unit", Remedy::Rule),
        (&SIZE, "1.5G", "`1.5G` is not a whole number", Remedy::Rule),
        (&SIZE, "1,5G", "`1,5G` is not a whole number", Remedy::Rule),
        (
            &SIZE,
            "1G512M",
            "`1G512M` has more than one unit",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "M",
            "`M` does not start with a whole number",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "",
            "`` does not start with a whole number",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "-1G",
            "`-1G` does not start with a whole number",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "+1G",
            "`+1G` does not start with a whole number",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "٣M",
            "`٣M` does not start with a whole number",
            Remedy::Rule,
        ),
        (
            &SIZE,
            "16777216T",
            "`16777216T` is out of range",
            Remedy::Less,
        ),
        (
            &SIZE,
            "18446744073709551616K",
            "`18446744073709551616K` is out of range",
            Remedy::Less,
        ),
        (&DURATION, "60", "`60` has no unit", write("60s")),
        (&DURATION, "1min", "`min` is not a unit", Remedy::Rule),
        (&DURATION, "1d", "`d` is not a unit", Remedy::Rule),
        (&DURATION, "1h30", "`30` has no unit", Remedy::Rule),
        (
            &DURATION,
            "1h, 30m",
            "`1h, 30m` does not continue with a whole number",
            Remedy::Rule,
        ),
        (
            &DURATION,
            "30m1h",
            "`30m1h` does not go from larger units to smaller ones",
            Remedy::Rule,
        ),
        (
            &DURATION,
            "1m1m",
            "`1m1m` does not go from larger units to smaller ones",
            Remedy::Rule,
        ),
        (
            &DURATION,
            "5124095576030h1h",
            "`5124095576030h1h` does not go from larger units to smaller ones",
            Remedy::Rule,
        ),
        (
            &DURATION,
            "5124095576030h 60m",
            "`5124095576030h 60m` is out of range",
            Remedy::Less,
        ),
    ] {
        let cause = cause.to_owned();
        assert_eq!(
            scale.read(text),
            Err(QuantityError { cause, remedy }),
            "{text}"
        );
    }
}

#[test]
fn on_one_line_a_wrong_quantity_is_answered_with_examples() {
    for (said, expected) in [
        (
            bytes("lots"),
            "`lots` is not a size; write a number with a unit, as in \"512M\" or \"2G\"",
        ),
        (
            bytes("512"),
            "`512` is not a size; write a number with a unit, as in \"512M\" or \"2G\"",
        ),
        (
            millis("1min"),
            "`1min` is not a duration; write a number with a unit, as in \"60s\" or \"5m\"",
        ),
        (
            bytes("99999999999999999999T"),
            "`99999999999999999999T` is out of range; write a smaller size",
        ),
        (
            millis("99999999999999999999h"),
            "`99999999999999999999h` is out of range; write a smaller duration",
        ),
    ] {
        assert_eq!(said, Err(expected.to_owned()));
    }
}

#[test]
fn a_correction_is_itself_accepted() {
    for scale in [&SIZE, &DURATION] {
        for text in [
            "1", "512", "512M", "60s", "3h", "1 g", "90000", "0", "", "x",
        ] {
            if let Some(correct) = scale.correct(text) {
                assert!(scale.read(&correct).is_ok(), "{text} became {correct}");
            }
        }
        assert_eq!(scale.correct("1x"), None);
        assert_eq!(scale.correct(""), None);
        assert_eq!(scale.correct("18446744073709551616"), None);
    }
    assert_eq!(SIZE.correct("512"), Some("512M".to_owned()));
    assert_eq!(DURATION.correct("1h30"), None);
}

#[test]
fn a_quantity_is_shown_as_it_would_be_written() {
    for (scale, value, shown) in [
        (&SIZE, 10 << 40, "10T"),
        (&SIZE, 1536 << 20, "1536M"),
        (&SIZE, 0, "0"),
        (&SIZE, 100, "100"),
        (&DURATION, 90_000_000, "25h"),
        (&DURATION, 5_400_000, "90m"),
        (&DURATION, 1_500, "1500ms"),
    ] {
        assert_eq!(scale.show(value), shown);
    }
}
