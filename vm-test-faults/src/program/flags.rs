//! Command lines as Go's package `flag` reads them: one dash or two, `-name=value` or `-name value`.
//! It knows no flag of any program.

use std::fmt::Write;

/// The kind of a flag's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Present or not; a value needs `=`.
    Switch,
    /// Any text.
    Text,
    /// An integer of 64 bits with a sign.
    Integer,
}

/// A flag that a program has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) help: &'static str,
    /// What is said of its default, if anything.
    pub(super) default: &'static str,
}

/// What a command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// The flags with their values, in order; a switch has `true` or `false`.
    Values(Vec<(&'static str, String)>),
    /// The usage is asked for.
    Help,
}

/// Reads a command line. What follows the first word that is no flag is ignored, as Go does.
///
/// # Errors
///
/// Returns what is wrong, in Go's words.
pub(super) fn parse(flags: &[Flag], words: &[String]) -> Result<Parsed, String> {
    let mut values = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            break;
        };
        if name == "-" {
            break;
        }
        let name = name.strip_prefix('-').unwrap_or(name);
        if name.starts_with(['-', '=']) {
            return Err(format!("bad flag syntax: {word}"));
        }
        let (name, given) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (name, None),
        };
        let Some(flag) = flags.iter().find(|flag| flag.name == name) else {
            if name == "help" || name == "h" {
                return Ok(Parsed::Help);
            }
            return Err(format!("flag provided but not defined: -{name}"));
        };
        let value = match (given, flag.shape) {
            (Some(value), _) => value,
            (None, Shape::Switch) => "true".to_owned(),
            (None, _) => {
                let next = words.next().cloned();
                next.ok_or_else(|| format!("flag needs an argument: -{name}"))?
            }
        };
        values.push((flag.name, checked(flag, value)?));
    }
    Ok(Parsed::Values(values))
}

fn checked(flag: &Flag, value: String) -> Result<String, String> {
    let name = flag.name;
    match flag.shape {
        Shape::Text => Ok(value),
        Shape::Integer => match integer(&value) {
            Some(number) => Ok(number.to_string()),
            None => Err(format!(
                "invalid value {value:?} for flag -{name}: parse error"
            )),
        },
        Shape::Switch => match value.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok("true".to_owned()),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok("false".to_owned()),
            _ => Err(format!(
                "invalid boolean value {value:?} for -{name}: parse error"
            )),
        },
    }
}

/// Reads an integer in base 10, or in base 16 behind `0x`.
fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|digit: char| digit.is_ascii_digit()) {
        return None;
    }
    let (digits, base) = match digits.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let number = i128::from_str_radix(digits, base).ok()?;
    i64::try_from(sign * number).ok()
}

/// Returns the usage, laid out as Go lays it out.
pub(super) fn usage(program: &str, flags: &[Flag]) -> String {
    let mut text = format!("Usage of {program}:\n");
    for flag in flags {
        let argument = match flag.shape {
            Shape::Switch => "",
            Shape::Text => " string",
            Shape::Integer => " int",
        };
        let _ = write!(text, "  -{}{argument}\n    \t{}", flag.name, flag.help);
        if !flag.default.is_empty() {
            let _ = write!(text, " (default {})", flag.default);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: &[Flag] = &[
        Flag {
            name: "host",
            shape: Shape::Text,
            help: "a host",
            default: "\"localhost\"",
        },
        Flag {
            name: "seed",
            shape: Shape::Integer,
            help: "a seed",
            default: "",
        },
        Flag {
            name: "version",
            shape: Shape::Switch,
            help: "the version",
            default: "",
        },
    ];

    fn parsed(words: &[&str]) -> Result<Parsed, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse(FLAGS, &words)
    }

    fn values(words: &[&str]) -> Vec<(&'static str, String)> {
        match parsed(words) {
            Ok(Parsed::Values(values)) => values,
            other => panic!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn flags_are_read_as_go_reads_them() {
        let host = |value: &str| vec![("host", value.to_owned())];
        for words in [
            &["-host", "a"][..],
            &["--host", "a"],
            &["-host=a"],
            &["--host=a"],
            &["-host", "a", "word", "-seed", "1"],
            &["-host", "a", "--", "-seed"],
        ] {
            assert_eq!(values(words), host("a"), "{words:?}");
        }
        assert_eq!(values(&["-host="]), host(""));
        assert_eq!(values(&["-host", "-seed"]), host("-seed"));
        assert_eq!(values(&["-version"])[0].1, "true");
        assert_eq!(values(&["-version=F"])[0].1, "false");
        assert_eq!(values(&["-seed", "-0x10"])[0].1, "-16");
        assert_eq!(parsed(&["-h"]), Ok(Parsed::Help));
        assert_eq!(parsed(&["--help"]), Ok(Parsed::Help));
    }

    #[test]
    fn errors_are_told_in_gos_words() {
        for (words, error) in [
            (&["-x"][..], "flag provided but not defined: -x"),
            (&["---host"], "bad flag syntax: ---host"),
            (&["-=a"], "bad flag syntax: -=a"),
            (&["-host"], "flag needs an argument: -host"),
            (
                &["-seed", "x"],
                "invalid value \"x\" for flag -seed: parse error",
            ),
            (
                &["-version=x"],
                "invalid boolean value \"x\" for -version: parse error",
            ),
        ] {
            assert_eq!(parsed(words), Err(error.to_owned()));
        }
    }

    #[test]
    fn the_usage_is_laid_out_as_gos() {
        assert_eq!(
            usage("p", FLAGS),
            "Usage of p:\n  -host string\n    \ta host (default \"localhost\")\n  -seed int\n    \t\
             a seed\n  -version\n    \tthe version\n"
        );
    }
}
