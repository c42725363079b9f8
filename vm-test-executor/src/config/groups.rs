//! The groups of guests that `vm-test.toml` declares, for tests that run on each guest of one. The
//! attribute reads them where it makes these tests; here they are only checked.

use super::guests::Guests;
use super::mistake::{Mistake, line};
use std::path::Path;
use toml::de::{DeTable, DeValue};
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::{Form, Refusal};

/// The table with the groups.
pub(super) const GROUPS: &str = "groups";

/// The declared groups, in the file's order.
#[derive(Debug, Default)]
pub(super) struct Groups(Vec<Group>);

#[derive(Debug)]
struct Group {
    name: String,
    /// The number of its line.
    line: usize,
    guests: Result<Vec<String>, Refusal>,
}

impl Groups {
    /// Reads the table.
    pub(super) fn read(text: &str, table: &DeTable<'_>) -> Self {
        let groups = table.iter().map(|(name, value)| Group {
            name: name.get_ref().to_string(),
            line: line(text, name.span()),
            guests: named(name.get_ref()).and_then(|()| listed(name.get_ref(), value.get_ref())),
        });
        let mut groups: Vec<_> = groups.collect();
        groups.sort_by_key(|group| group.line);
        Self(groups)
    }

    /// Returns what is wrong with them, at most one mistake for each.
    pub(super) fn mistakes<'a>(
        &'a self,
        guests: &'a Guests,
        file: &'a Path,
    ) -> impl Iterator<Item = Failure> + 'a {
        self.0.iter().filter_map(|group| {
            let refusal = match &group.guests {
                Err(refusal) => refusal.clone(),
                Ok(names) => guests.unknown(names.iter().find(|name| !guests.has(name))?),
            };
            let whole = format!("group `{}`", group.name.escape_debug());
            Some(Mistake::new(group.line, refusal).failure(&whole, file))
        })
    }
}

fn named(name: &str) -> Result<(), Refusal> {
    Form::Name.check(name)
}

/// Returns the guests of a group.
fn listed(group: &str, value: &DeValue<'_>) -> Result<Vec<String>, Refusal> {
    let hint = format!("write {group} = [\"worker-1\", \"worker-2\"]");
    let names = value.as_array().and_then(|names| {
        let names = names.iter().map(|name| name.get_ref().as_str());
        names.collect::<Option<Vec<_>>>()
    });
    let Some(names) = names else {
        return Err(Refusal::new(
            "the value is not a list of names in quotes",
            hint,
        ));
    };
    if names.is_empty() {
        return Err(Refusal::new(
            "it has no guest, and its tests would run nowhere",
            hint,
        ));
    }
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            let cause = format!("guest `{}` is in it twice", name.escape_debug());
            return Err(Refusal::new(cause, "remove one of the two"));
        }
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Workspace;
    use crate::config::FILE;

    /// Returns what is wrong with a file.
    fn mistakes(text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), text).unwrap();
        let mistakes = Workspace::find(dir.path()).unwrap().mistakes();
        let place = format!("{}/", dir.path().display());
        let words = mistakes.iter().map(ToString::to_string);
        words.map(|words| words.replace(&place, "")).collect()
    }

    #[test]
    fn a_group_lists_guests_that_there_are() {
        let right = "[groups]\nold = [\"b\", \"host\"]\nall = [\"b\"]\n[guest.b]\n";
        assert_eq!(mistakes(right), [""; 0]);
    }

    #[test]
    fn each_mistake_in_a_group_names_its_cause_and_its_cure() {
        for (text, words) in [
            (
                "[groups]\n\na = \"b\"\n[guest.b]\n",
                "cannot use group `a`: the value is not a list of names in quotes (in vm-test.toml, line 3)\n\
                 hint: write a = [\"worker-1\", \"worker-2\"]",
            ),
            (
                "groups.a = [1]\n",
                "cannot use group `a`: the value is not a list of names in quotes (in vm-test.toml, line 1)\n\
                 hint: write a = [\"worker-1\", \"worker-2\"]",
            ),
            (
                "groups.a = []\n",
                "cannot use group `a`: it has no guest, and its tests would run nowhere (in vm-test.toml, line 1)\n\
                 hint: write a = [\"worker-1\", \"worker-2\"]",
            ),
            (
                "groups.a = [\"b\", \"b\"]\n[guest.b]\n",
                "cannot use group `a`: guest `b` is in it twice (in vm-test.toml, line 1)\n\
                 hint: remove one of the two",
            ),
            (
                "groups.a = [\"wroker\"]\n[guest.worker]\n",
                "cannot use group `a`: there is no guest `wroker` (in vm-test.toml, line 1)\n\
                 hint: did you mean `worker`?",
            ),
            (
                "groups.\"a b\" = [\"host\"]\n",
                "cannot use group `a b`: ` ` is not allowed in a name (in vm-test.toml, line 1)\n",
            ),
        ] {
            let found = mistakes(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(words), "{text}: {}", found[0]);
        }
    }
}
