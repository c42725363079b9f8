//! The names of a lab's networks and nodes, and which of them are taken. Knows no lab.
//!
//! A node is found by its name, which therefore has the form of a host name without dots: in lower
//! case, since host names that differ only in case are the same, and starting with a letter, since
//! a number is an address (`ping 1` means 0.0.0.1). Networks follow the same rule.

use crate::form::{LONGEST_NAME, Refusal};

/// Names that no node may have, with the reason.
const RESERVED: [(&str, &str); 2] = [
    (
        "driver",
        "the driver is the node that a test's body runs on if it names none",
    ),
    ("localhost", "every node calls itself so"),
];

/// Checks the name of a node.
///
/// # Errors
/// If it has not the form, or is reserved.
pub fn check_node(name: &str) -> Result<(), Refusal> {
    if let Some((_, reason)) = RESERVED.iter().find(|(taken, _)| *taken == name) {
        let cause = format!("its name is reserved: {reason}");
        return Err(Refusal::new(cause, "choose another name"));
    }
    check(name)
}

/// Checks a name.
///
/// # Errors
/// If it has not the form.
pub fn check(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let cause = if name.is_empty() {
        "its name is empty".to_owned()
    } else if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
        format!("`{}` is not allowed in its name", wrong.escape_debug())
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        format!("its name starts with `{}`", &name[..1])
    } else if name.ends_with('-') {
        "its name ends with `-`".to_owned()
    } else if name.len() > LONGEST_NAME {
        format!("its name is {} characters long", name.len())
    } else {
        return Ok(());
    };
    Err(Refusal::new(
        cause,
        format!(
            "use 1 to {LONGEST_NAME} lower-case ASCII letters, digits and `-`, starting with a letter and ending with a letter or a digit"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_node_has_a_reserved_name() {
        assert_eq!(check_node("gw"), Ok(()));
        assert!(check_node("GW").is_err());
        for (name, cause) in [
            (
                "driver",
                "its name is reserved: the driver is the node that a test's body runs on if it names none",
            ),
            (
                "localhost",
                "its name is reserved: every node calls itself so",
            ),
        ] {
            let refusal = check_node(name).unwrap_err();
            assert_eq!(
                (&*refusal.cause, &*refusal.hint),
                (cause, "choose another name")
            );
        }
    }

    #[test]
    fn names_are_labels_of_host_names() {
        for good in ["a", "gw", "web-1", "x9", &"x".repeat(63)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("", "its name is empty"),
            ("GW", "`G` is not allowed in its name"),
            ("a_b", "`_` is not allowed in its name"),
            ("a.b", "`.` is not allowed in its name"),
            ("a b", "` ` is not allowed in its name"),
            ("bü", "`ü` is not allowed in its name"),
            ("a\n", "`\\n` is not allowed in its name"),
            ("1", "its name starts with `1`"),
            ("-a", "its name starts with `-`"),
            ("a-", "its name ends with `-`"),
            (&"x".repeat(64), "its name is 64 characters long"),
        ] {
            let refusal = check(bad).unwrap_err();
            assert_eq!(refusal.cause, cause, "{bad}");
            assert!(refusal.hint.starts_with("use 1 to 63 lower-case "));
        }
    }
}
