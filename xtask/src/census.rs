//! What tests must leave as they found it on the host: firewall rules, interfaces, mounts and the like. A census
//! reads them; two of them are compared. What the account may not read is named, never counted as unchanged.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::machine::Machine;

/// One thing that is compared, with the way to read it.
struct Item {
    name: &'static str,
    probe: Probe,
}

enum Probe {
    /// The standard output of a command.
    Command(&'static [&'static str]),
    /// The content of a file.
    File(&'static str),
}

/// In the order in which they are printed. `nft` leaves out counters, which change by themselves.
const ITEMS: &[Item] = &[
    Item {
        name: "iptables rules",
        probe: Probe::Command(&["iptables", "-S"]),
    },
    Item {
        name: "firewall rules",
        probe: Probe::Command(&["nft", "--stateless", "list", "ruleset"]),
    },
    Item {
        name: "interfaces",
        probe: Probe::Command(&["ip", "-o", "link"]),
    },
    Item {
        name: "routes",
        probe: Probe::Command(&["ip", "-4", "-o", "route", "show", "table", "all"]),
    },
    Item {
        name: "network namespaces",
        probe: Probe::Command(&["ip", "netns"]),
    },
    Item {
        name: "mounts",
        probe: Probe::File("/proc/self/mountinfo"),
    },
    Item {
        name: "host name",
        probe: Probe::File("/proc/sys/kernel/hostname"),
    },
    Item {
        name: "ip_forward",
        probe: Probe::File("/proc/sys/net/ipv4/ip_forward"),
    },
];

/// What was read at one moment: a value, or why there is none.
pub(crate) struct Census(Vec<(&'static str, Result<String, String>)>);

impl Census {
    /// Reads everything now.
    pub(crate) fn take() -> Self {
        let machine = Machine::here();
        Self(
            ITEMS
                .iter()
                .map(|item| (item.name, item.probe.read(&machine)))
                .collect(),
        )
    }

    /// What will be compared, and what this account cannot see, said before anything is done.
    pub(crate) fn announcement(&self) -> String {
        let visible = self.0.iter().filter(|(_, value)| value.is_ok());
        let visible: Vec<_> = visible.map(|(name, _)| *name).collect();
        let mut text = format!("compared before and after: {}", visible.join(", "));
        for (name, value) in &self.0 {
            if let Err(reason) = value {
                text +=
                    &format!("\nnot visible to this account, so not compared: {name} ({reason})");
            }
        }
        if visible.len() < self.0.len() && !may_administer_networks() {
            text += "\nthe kernel does not let this account change firewall rules either (it has no CAP_NET_ADMIN); \
                     as root the demo compares them";
        }
        text
    }

    /// Takes a second census, says what is unchanged and what could not be compared, and fails with the difference
    /// where there is one.
    pub(crate) fn compare_with_now(&self) -> Result<()> {
        let comparison = Comparison::of(self, &Self::take());
        println!("unchanged: {}", comparison.unchanged.join(", "));
        for line in &comparison.not_compared {
            println!("not compared: {line}");
        }
        if !comparison.changed.is_empty() {
            bail!(
                "cannot find the machine as it was:\n{}\nhint: if another program changed this meanwhile, run again",
                comparison.changed.join("\n")
            );
        }
        Ok(())
    }
}

/// Whether this process may change interfaces, routes and firewall rules here.
fn may_administer_networks() -> bool {
    use rustix::thread::{CapabilitySet, capabilities};
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::NET_ADMIN))
}

impl Probe {
    fn read(&self, machine: &Machine) -> Result<String, String> {
        match self {
            Self::File(path) => fs::read_to_string(path).map_err(|error| error.to_string()),
            Self::Command(words) => {
                let Some(program) = machine.command(words[0]) else {
                    return Err(format!("{} is not installed", words[0]));
                };
                let mut command = Command::new(program);
                let output = command.args(&words[1..]).stdin(Stdio::null()).output();
                let output = output.map_err(|error| error.to_string())?;
                if output.status.success() {
                    return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
                }
                let stderr = String::from_utf8_lossy(&output.stderr);
                Err(stderr
                    .lines()
                    .next()
                    .unwrap_or("it failed without a word")
                    .trim()
                    .to_owned())
            }
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Comparison {
    unchanged: Vec<&'static str>,
    not_compared: Vec<String>,
    changed: Vec<String>,
}

impl Comparison {
    fn of(before: &Census, after: &Census) -> Self {
        let mut comparison = Self::default();
        for ((name, before), (_, after)) in before.0.iter().zip(&after.0) {
            match (before, after) {
                (Ok(before), Ok(after)) if before == after => comparison.unchanged.push(name),
                (Ok(before), Ok(after)) => {
                    comparison
                        .changed
                        .push(format!("{name}:\n{}", difference(before, after)));
                }
                (Err(reason), Err(_)) => comparison.not_compared.push(format!("{name} ({reason})")),
                (Ok(_), Err(reason)) => {
                    comparison
                        .changed
                        .push(format!("{name}: could be read before, and now: {reason}"));
                }
                (Err(reason), Ok(_)) => {
                    comparison
                        .changed
                        .push(format!("{name}: can be read now, and before: {reason}"));
                }
            }
        }
        comparison
    }
}

/// The lines that went (`-`) and the lines that came (`+`); the lines that moved, when nothing else differs.
fn difference(before: &str, after: &str) -> String {
    let only_in = |one: &str, other: &str, sign: char| -> Vec<String> {
        let mut others: Vec<&str> = other.lines().collect();
        let mut lines = Vec::new();
        for line in one.lines() {
            match others.iter().position(|other| *other == line) {
                Some(position) => drop(others.swap_remove(position)),
                None => lines.push(format!("  {sign} {line}")),
            }
        }
        lines
    };
    let mut lines = only_in(before, after, '-');
    lines.extend(only_in(after, before, '+'));
    if lines.is_empty() {
        "  the same lines in another order".to_owned()
    } else {
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(interfaces: Result<&str, &str>) -> Census {
        let owned = |result: Result<&str, &str>| result.map(str::to_owned).map_err(str::to_owned);
        Census(vec![
            ("interfaces", owned(interfaces)),
            ("host name", Ok("here".to_owned())),
        ])
    }

    #[test]
    fn a_line_more_and_a_line_less_are_shown() {
        let comparison = Comparison::of(&census(Ok("lo\neth0\n")), &census(Ok("lo\nveth1\n")));
        assert_eq!(comparison.changed, ["interfaces:\n  - eth0\n  + veth1"]);
        assert_eq!(comparison.unchanged, ["host name"]);
    }

    #[test]
    fn a_line_that_comes_a_second_time_is_a_change() {
        assert_eq!(difference("lo\n", "lo\nlo\n"), "  + lo");
        assert_eq!(
            difference("a\nb\n", "b\na\n"),
            "  the same lines in another order"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_called_unchanged() {
        let comparison =
            Comparison::of(&census(Err("not permitted")), &census(Err("not permitted")));
        assert_eq!(comparison.not_compared, ["interfaces (not permitted)"]);
        assert_eq!(comparison.unchanged, ["host name"]);
        assert_eq!(comparison.changed, [""; 0]);
    }

    #[test]
    fn what_cannot_be_seen_is_said_before_anything_is_done() {
        let text = census(Err("not permitted")).announcement();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[..2],
            [
                "compared before and after: host name",
                "not visible to this account, so not compared: interfaces (not permitted)",
            ]
        );
        assert_eq!(lines.len() == 3, !may_administer_networks(), "{text}");
        assert_eq!(
            census(Ok("lo")).announcement(),
            "compared before and after: interfaces, host name"
        );
    }

    #[test]
    fn what_can_no_longer_be_read_is_a_change() {
        let comparison = Comparison::of(&census(Ok("lo")), &census(Err("gone")));
        assert_eq!(
            comparison.changed,
            ["interfaces: could be read before, and now: gone"]
        );
    }

    #[test]
    fn this_machine_has_at_least_its_mounts_and_its_name() {
        let census = Census::take();
        let readable: Vec<_> = census
            .0
            .iter()
            .filter(|(_, value)| value.is_ok())
            .map(|(name, _)| *name)
            .collect();
        assert!(
            readable.contains(&"mounts") && readable.contains(&"host name"),
            "{readable:?}"
        );
    }
}
