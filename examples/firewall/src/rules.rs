//! Turns a request into the text of an nftables script. Knows nft's grammar; must not touch the
//! host.
//!
//! Every request has a chain named after its port, made if missing and emptied before it is filled.
//! A repeated request therefore changes nothing, and the last request for a port counts.

use crate::Error;

/// Returns a script that forwards connections to `port` of this host to `target`.
///
/// `fib daddr type local` restricts the rule to *this* host: without it, a router would also
/// redirect traffic that only passes through to the same port of another host.
pub(crate) fn forward(
    table: &str,
    port: u16,
    target: &str,
    masquerade: bool,
) -> Result<String, Error> {
    let target = word(target, ".:-").ok_or_else(|| Error::Target(target.to_owned()))?;
    let mut script = make(table)?;
    script += &chain(
        table,
        &format!("forward-{port}"),
        "nat hook prerouting priority dstnat",
    );
    script += &format!(
        "add rule ip {table} forward-{port} fib daddr type local tcp dport {port} dnat to {target}\n"
    );
    // The chain is emptied in either case: this forward may replace an earlier one with
    // masquerading.
    script += &chain(
        table,
        &format!("masquerade-{port}"),
        "nat hook postrouting priority srcnat",
    );
    if masquerade {
        script += &format!(
            "add rule ip {table} masquerade-{port} ct status dnat ct protocol tcp ct original proto-dst {port} masquerade\n"
        );
    }
    Ok(script)
}

/// Returns a script that rejects connections to `port` of this host from outside.
///
/// The priority comes before `dstnat`, so that a packet still has its original port and a block
/// wins over a forward. The answer is a reset, so that the sender learns at once and does not hang.
pub(crate) fn block(table: &str, port: u16) -> Result<String, Error> {
    let mut script = make(table)?;
    script += &chain(
        table,
        &format!("block-{port}"),
        "filter hook prerouting priority mangle",
    );
    script += &format!(
        "add rule ip {table} block-{port} iifname != \"lo\" fib daddr type local tcp dport {port} reject with tcp reset\n"
    );
    Ok(script)
}

/// Returns a script that removes the table and everything in it.
///
/// Adding it first makes this work when there is no table, too.
pub(crate) fn reset(table: &str) -> Result<String, Error> {
    Ok(format!("{}delete table ip {table}\n", make(table)?))
}

/// Returns a script that makes the table, unless it exists.
fn make(table: &str) -> Result<String, Error> {
    let table = word(table, "_").ok_or_else(|| Error::Name(table.to_owned()))?;
    Ok(format!("add table ip {table}\n"))
}

/// Returns a script that makes an empty chain in the table, or empties an existing one.
fn chain(table: &str, name: &str, kind: &str) -> String {
    format!("add chain ip {table} {name} {{ type {kind}; }}\nflush chain ip {table} {name}\n")
}

/// Returns the text if it is a single word of nft's grammar.
///
/// Its meaning is left to nft, which knows addresses, names and services better than we do. This
/// check ensures that no second statement is hidden in it.
fn word<'a>(text: &'a str, marks: &str) -> Option<&'a str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || marks.contains(letter);
    (!text.is_empty() && text.chars().all(fits)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_empties_its_chains_before_it_fills_them() {
        assert_eq!(
            forward("edge", 80, "10.1.0.2:8080", false).unwrap(),
            "add table ip edge\n\
             add chain ip edge forward-80 { type nat hook prerouting priority dstnat; }\n\
             flush chain ip edge forward-80\n\
             add rule ip edge forward-80 fib daddr type local tcp dport 80 dnat to 10.1.0.2:8080\n\
             add chain ip edge masquerade-80 { type nat hook postrouting priority srcnat; }\n\
             flush chain ip edge masquerade-80\n"
        );
    }

    #[test]
    fn a_masquerading_forward_adds_one_rule_to_a_plain_one() {
        let plain = forward("edge", 80, "10.1.0.2:8080", false).unwrap();
        let masquerading = forward("edge", 80, "10.1.0.2:8080", true).unwrap();
        assert_eq!(
            masquerading.strip_prefix(&plain).unwrap(),
            "add rule ip edge masquerade-80 ct status dnat ct protocol tcp ct original proto-dst 80 masquerade\n"
        );
    }

    #[test]
    fn a_block_leaves_loopback_alone_and_answers_with_a_reset() {
        assert_eq!(
            block("edge", 23).unwrap(),
            "add table ip edge\n\
             add chain ip edge block-23 { type filter hook prerouting priority mangle; }\n\
             flush chain ip edge block-23\n\
             add rule ip edge block-23 iifname != \"lo\" fib daddr type local tcp dport 23 reject with tcp reset\n"
        );
    }

    #[test]
    fn a_reset_is_right_whether_or_not_there_is_a_table() {
        assert_eq!(
            reset("edge").unwrap(),
            "add table ip edge\ndelete table ip edge\n"
        );
    }

    #[test]
    fn no_second_statement_hides_in_a_target() {
        for target in [
            "10.1.0.2:8080; flush ruleset",
            "10.1.0.2\nflush ruleset",
            "10.1.0.2 #",
            "{ }",
            "$x",
            "",
        ] {
            assert!(
                matches!(forward("edge", 80, target, false), Err(Error::Target(told)) if told == target),
                "{target:?}"
            );
        }
    }

    #[test]
    fn no_second_statement_hides_in_a_name() {
        for name in ["edge; flush ruleset", "edge { }", "edge\n", "ip edge", ""] {
            for script in [
                forward(name, 80, "10.1.0.2:8080", true),
                block(name, 80),
                reset(name),
            ] {
                assert!(
                    matches!(script, Err(Error::Name(told)) if told == name),
                    "{name:?}"
                );
            }
        }
    }
}
