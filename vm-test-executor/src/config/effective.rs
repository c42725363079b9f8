//! Which value each setting of a guest has, and which line of which table says so. Decides nothing.

use super::guests::{DEFAULTS, Table};
use super::{Guest, values};
use serde_json::Value;

/// A setting of a guest.
#[derive(Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its key.
    pub key: &'static str,
    /// Its value, as JSON; null if the image decides.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is not set anywhere.
    Default,
    /// A table of the file.
    Table {
        /// The table, as it is called in the file.
        table: String,
        /// The number of the line.
        line: usize,
    },
}

/// Returns the settings of a guest that was decided by these tables, of which the last one counts.
pub(super) fn of(guest: &Guest, tables: &[Table<'_>]) -> Vec<Effective> {
    let values = values::of(guest).into_iter();
    let effective = values.map(|(key, value)| Effective {
        key,
        value,
        origin: origin(key, tables),
    });
    effective.collect()
}

fn origin(key: &str, tables: &[Table<'_>]) -> Origin {
    let found = tables.iter().rev().find_map(|table| {
        let mut settings = table.settings.iter();
        let entry = settings.find(|entry| entry.setting.key().name == key)?;
        Some((table.guest, entry.line))
    });
    found.map_or(Origin::Default, |(guest, line)| Origin::Table {
        table: guest.map_or_else(|| DEFAULTS.to_owned(), |name| format!("guest.{name}")),
        line,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Workspace;
    use serde_json::json;
    use std::fs;
    use vm_test_settings::guest::names;

    const FILE: &str = "\
[guest-defaults]
timeout = \"2m\"
env = [\"A\"]

[guest.deb12]
image = \"debian-12\"
env = [\"B\"]

[guest.deb12-vm]
extends = \"deb12\"
backend = \"kvm\"
memory = \"1G\"
disks = [\"64M\"]
kernel = \"build/vmlinuz\"
export = [\"**/*.new\"]
";

    fn workspace(text: &str) -> (tempfile::TempDir, Workspace) {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("vm-test.toml"), text).unwrap();
        let workspace = Workspace::find(directory.path()).unwrap();
        (directory, workspace)
    }

    #[test]
    fn every_setting_has_a_value_and_a_place() {
        let (directory, workspace) = workspace(FILE);
        let found = workspace.effective("deb12-vm").unwrap();
        let keys: Vec<_> = found.iter().map(|it| it.key).collect();
        assert_eq!(keys, names().collect::<Vec<_>>());
        let at = |table: &str, line| Origin::Table {
            table: table.to_owned(),
            line,
        };
        let kernel = directory.path().join("build/vmlinuz");
        for (key, value, origin) in [
            ("timeout", json!("2m"), at("guest-defaults", 2)),
            ("image", json!("debian-12"), at("guest.deb12", 6)),
            ("env", json!(["B"]), at("guest.deb12", 7)),
            ("backend", json!("kvm"), at("guest.deb12-vm", 11)),
            ("memory", json!("1G"), at("guest.deb12-vm", 12)),
            ("disks", json!(["64M"]), at("guest.deb12-vm", 13)),
            ("kernel", json!(kernel), at("guest.deb12-vm", 14)),
            ("export", json!(["**/*.new"]), at("guest.deb12-vm", 15)),
            ("cpus", json!(1), Origin::Default),
            ("init", json!(null), Origin::Default),
            ("rollback", json!("overlay"), Origin::Default),
        ] {
            let setting = found.iter().find(|it| it.key == key).unwrap();
            assert_eq!(
                (&setting.value, &setting.origin),
                (&value, &origin),
                "{key}"
            );
        }
    }

    #[test]
    fn the_built_in_guest_has_the_defaults() {
        let (_directory, workspace) = workspace(FILE);
        let found = workspace.effective("host").unwrap();
        assert!(found.iter().all(|it| it.origin == Origin::Default));
        let nowhere = Workspace::default();
        assert_eq!(nowhere.effective("host").unwrap(), found);
    }

    #[test]
    fn all_mistakes_are_found_at_once() {
        let (_directory, workspace) = workspace(
            "[guest-defaults]\ncpus = 0\n[guest.a]\nmemory = 1\n[guest.b]\nextends = \"c\"\n\
             [lab.x.nodes]\ngw = { guest = \"nobody\" }\n",
        );
        let mistakes: Vec<_> = workspace.mistakes();
        let mistakes: Vec<_> = mistakes.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
        for (mistake, words) in mistakes.iter().zip([
            "cannot use guest `a`: cannot set `memory`",
            "cannot use guest `b`: cannot set `extends`: there is no guest `c`",
            "cannot use node `gw` of lab `x`",
        ]) {
            assert!(mistake.starts_with(words), "{mistake}");
        }
    }
}
