//! What is said to somebody who names an error that a protocol does not know.

use super::{KnownFault, Unsupported};

/// Names that are less alike than this are no misspellings of each other.
const LEAST_ALIKE: f64 = 0.75;

/// Returns why a protocol cannot answer with `code`, with the code that may be meant and all that
/// it knows.
#[must_use]
pub fn unknown_fault(protocol: &str, code: &str, known: &[KnownFault]) -> Unsupported {
    let lower = code.to_lowercase();
    let likeness = |fault: &KnownFault| strsim::jaro_winkler(&fault.code.to_lowercase(), &lower);
    let closest = known
        .iter()
        .map(|fault| (likeness(fault), fault.code))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .filter(|(likeness, _)| *likeness >= LEAST_ALIKE);
    let meant = match closest {
        Some((_, code)) => format!("did you mean {code}? It knows "),
        None => "it knows ".to_owned(),
    };
    let codes: Vec<&str> = known.iter().map(|fault| fault.code).collect();
    Unsupported {
        code: code.to_owned(),
        reason: format!(
            "{protocol} knows no such error\nhint: {meant}{}",
            codes.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[KnownFault] = &[
        KnownFault {
            code: "LOADING",
            text: "",
        },
        KnownFault {
            code: "503",
            text: "",
        },
    ];

    #[test]
    fn a_misspelt_code_is_recognised_and_all_known_ones_are_listed() {
        let meant = unknown_fault("redis", "loadnig", KNOWN).to_string();
        assert_eq!(
            meant,
            "cannot answer with loadnig: redis knows no such error\n\
             hint: did you mean LOADING? It knows LOADING, 503"
        );
        let other = unknown_fault("redis", "x", KNOWN).to_string();
        assert!(other.ends_with("hint: it knows LOADING, 503"), "{other}");
    }
}
