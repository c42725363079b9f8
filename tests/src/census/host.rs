//! What belongs to the host and must be the same after a whole run, in which daemons of vm-test
//! come and go: mounts, interfaces, routes, network namespaces, packet filter, settings. What this
//! user may not read is reported, never counted as unchanged. Knows nothing of vm-test.

use super::kernel;

/// The commands that show the rest of the host's network.
const ROUTES: &[&str] = &["ip", "-4", "-o", "route", "show", "table", "all"];
const NAMESPACES: &[&str] = &["ip", "netns"];

/// What was read at one moment: lines, or why they could not be read.
#[derive(Clone, Debug)]
pub struct HostCensus(Vec<(String, Result<Vec<String>, String>)>);

/// How two of them differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// The names of what is the same.
    pub unchanged: Vec<String>,
    /// What could not be read, with the reason.
    pub not_compared: Vec<String>,
    /// What differs, with the lines.
    pub changed: Vec<String>,
}

impl HostCensus {
    /// Reads the present state.
    #[must_use]
    pub fn take() -> Self {
        let mut items = Vec::new();
        for words in kernel::FILTERS.into_iter().chain([ROUTES, NAMESPACES]) {
            let lines = kernel::lines_of(words);
            let missing = || format!("{} is not installed", words[0]);
            let lines = lines.and_then(|lines| lines.ok_or_else(missing));
            items.push((words.join(" "), lines));
        }
        let (settings, closed) = kernel::settings();
        items.extend([
            ("interfaces".to_owned(), Ok(kernel::links())),
            ("mounts".to_owned(), Ok(kernel::mounts_of("self").collect())),
            ("kernel settings".to_owned(), Ok(settings)),
        ]);
        items.extend(closed.into_iter().map(|line| {
            let (name, reason) = line.split_once(": ").unwrap_or((&line, "no reason"));
            (name.to_owned(), Err(reason.to_owned()))
        }));
        Self(items)
    }

    /// Returns the names of what is compared.
    #[must_use]
    pub fn seen(&self) -> Vec<&str> {
        let seen = self.0.iter().filter(|(_, lines)| lines.is_ok());
        seen.map(|(name, _)| name.as_str()).collect()
    }

    /// Returns what this user cannot see, with the reason.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let unseen = self.0.iter().filter_map(|(name, lines)| {
            let reason = lines.as_ref().err()?;
            Some(format!("{name} ({reason})"))
        });
        unseen.collect()
    }

    /// Compares two states.
    #[must_use]
    pub fn compare(before: &Self, after: &Self) -> Comparison {
        let mut comparison = Comparison::default();
        for (name, was) in &before.0 {
            let is = after.0.iter().find(|(other, _)| other == name);
            let is = is.map_or(&Err(String::new()), |(_, is)| is).clone();
            let change = match (was, is) {
                (Ok(was), Ok(is)) if *was == is => {
                    comparison.unchanged.push(name.clone());
                    continue;
                }
                (Err(reason), Err(_)) => {
                    comparison.not_compared.push(format!("{name} ({reason})"));
                    continue;
                }
                (Ok(was), Ok(is)) => format!("{name}:\n{}", difference(was, &is)),
                (Ok(_), Err(reason)) => format!("{name}: could be read before, and now: {reason}"),
                (Err(reason), Ok(_)) => format!("{name}: can be read now, and before: {reason}"),
            };
            comparison.changed.push(change);
        }
        comparison
    }
}

/// Returns the lines that were removed (`-`) and added (`+`), or says that only their order
/// differs.
fn difference(before: &[String], after: &[String]) -> String {
    let only_in = |one: &[String], other: &[String], sign: char| -> Vec<String> {
        let mut others: Vec<&String> = other.iter().collect();
        let mut lines = Vec::new();
        for line in one {
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

    fn census(interfaces: Result<&[&str], &str>) -> HostCensus {
        let owned = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        let interfaces = interfaces.map(owned).map_err(str::to_owned);
        HostCensus(vec![
            ("interfaces".to_owned(), interfaces),
            ("mounts".to_owned(), Ok(vec!["/".to_owned()])),
        ])
    }

    #[test]
    fn a_line_more_and_a_line_less_are_shown() {
        let (before, after) = (census(Ok(&["lo", "eth0"])), census(Ok(&["lo", "veth1"])));
        let comparison = HostCensus::compare(&before, &after);
        assert_eq!(comparison.changed, ["interfaces:\n  - eth0\n  + veth1"]);
        assert_eq!(comparison.unchanged, ["mounts"]);
    }

    #[test]
    fn a_line_that_comes_a_second_time_or_moves_is_a_change() {
        let changed = |before: &[&str], after: &[&str]| {
            HostCensus::compare(&census(Ok(before)), &census(Ok(after))).changed
        };
        assert_eq!(changed(&["lo"], &["lo", "lo"]), ["interfaces:\n  + lo"]);
        assert_eq!(
            changed(&["a", "b"], &["b", "a"]),
            ["interfaces:\n  the same lines in another order"]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_called_unchanged() {
        let closed = census(Err("not permitted"));
        assert_eq!(closed.seen(), ["mounts"]);
        assert_eq!(closed.unseen(), ["interfaces (not permitted)"]);
        let comparison = HostCensus::compare(&closed, &closed);
        assert_eq!(comparison.not_compared, ["interfaces (not permitted)"]);
        assert_eq!(comparison.unchanged, ["mounts"]);
        assert_eq!(comparison.changed, [""; 0]);
    }

    #[test]
    fn what_can_no_longer_be_read_or_is_not_there_is_a_change() {
        let (open, closed) = (census(Ok(&["lo"])), census(Err("gone")));
        assert_eq!(
            HostCensus::compare(&open, &closed).changed,
            ["interfaces: could be read before, and now: gone"]
        );
        assert_eq!(
            HostCensus::compare(&closed, &open).changed,
            ["interfaces: can be read now, and before: gone"]
        );
    }

    #[test]
    fn this_host_has_at_least_its_mounts_and_its_settings() {
        let census = HostCensus::take();
        let seen = census.seen();
        assert!(
            seen.contains(&"mounts") && seen.contains(&"kernel settings"),
            "{seen:?}"
        );
        let settings = census.0.iter().find(|(name, _)| name == "kernel settings");
        let settings = settings.unwrap().1.as_ref().unwrap();
        for name in ["kernel/hostname", "net/ipv4/ip_forward"] {
            assert!(
                settings.iter().any(|line| line.starts_with(name)),
                "{settings:?}"
            );
        }
    }
}
