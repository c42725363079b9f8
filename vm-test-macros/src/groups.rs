//! Knows the groups of guests that `vm-test.toml` declares, and reads them: a test that runs on each
//! guest of a group is made when it is compiled. It must not know the attribute.

use std::path::{Path, PathBuf};
use toml_edit::{Document, Item, TableLike};
use vm_test_settings::form::Refusal;
use vm_test_settings::word;

/// The name of the file.
const FILE: &str = "vm-test.toml";

/// The table of the groups, and that of the guests.
const GROUPS: &str = "groups";
const GUESTS: &str = "guest";

/// The group of all guests that the file declares, unless it declares a group of this name.
const ALL: &str = "all";

/// A group, and the file that says which guests are in it.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) file: PathBuf,
    pub(crate) guests: Vec<String>,
}

/// Returns the group with this name, by the nearest file in the user's package or above it.
pub(crate) fn find(name: &str) -> Result<Group, Refusal> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.unwrap_or_default();
    find_from(&package, name)
}

fn find_from(package: &Path, name: &str) -> Result<Group, Refusal> {
    let mut files = package.ancestors().map(|dir| dir.join(FILE));
    let Some(file) = files.find(|file| file.is_file()) else {
        return Err(Refusal {
            cause: format!("there is no {FILE} in {} or above", package.display()),
            hint: format!("declare the group there, as in [{GROUPS}] {name} = [\"worker-1\"]"),
        });
    };
    let read = std::fs::read_to_string(&file).map_err(|error| Refusal {
        cause: format!("{}: {error}", file.display()),
        hint: "make the file readable for whoever compiles the test".to_owned(),
    });
    let guests = guests(&read?, name).map_err(|refusal| Refusal {
        cause: format!("{} {}", file.display(), refusal.cause),
        ..refusal
    })?;
    Ok(Group { file, guests })
}

/// Returns the guests of a group in the text of a file; the cause of an error goes on after the name
/// of the file.
fn guests(text: &str, name: &str) -> Result<Vec<String>, Refusal> {
    let document = Document::parse(text).map_err(|error| Refusal {
        cause: format!("is no TOML: {}", error.message()),
        hint: "`vm-test config check` names the line".to_owned(),
    })?;
    let table = |name: &str| document.get(name).and_then(Item::as_table_like);
    let names = |table: Option<&dyn TableLike>| -> Vec<String> {
        let keys = table.into_iter().flat_map(TableLike::iter);
        keys.map(|(key, _)| key.to_owned()).collect()
    };
    let declared = names(table(GUESTS));
    let group = table(GROUPS).and_then(|groups| groups.get(name));
    let guests = match group {
        Some(group) => listed(group).ok_or_else(|| Refusal {
            cause: format!("has no list of guests in [{GROUPS}] {name}"),
            hint: format!("write {name} = [\"worker-1\", \"worker-2\"]"),
        })?,
        None if name == ALL => declared,
        None => return Err(unknown(name, &declared, &names(table(GROUPS)))),
    };
    if guests.is_empty() {
        return Err(Refusal {
            cause: format!("has no guest in group `{name}`, and the test would run nowhere"),
            hint: "declare a guest, as in [guest.worker-1]".to_owned(),
        });
    }
    Ok(guests)
}

/// Returns the names in a list, if it is one of names.
fn listed(group: &Item) -> Option<Vec<String>> {
    let names = group.as_array()?.iter().map(|name| name.as_str());
    names.map(|name| name.map(str::to_owned)).collect()
}

fn unknown(name: &str, guests: &[String], groups: &[String]) -> Refusal {
    let known = groups.iter().map(String::as_str).chain([ALL]);
    let hint = match word::suggestion(name, known.clone()) {
        _ if guests.iter().any(|guest| guest == name) => {
            format!("`{name}` is a guest: write `#[on_vm({name:?})]`")
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "the groups are {}; declare another below [{GROUPS}]",
            known
                .map(|it| format!("`{it}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    Refusal {
        cause: format!("does not declare a group `{}`", name.escape_debug()),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[groups]\nold = [\"b\", \"a\"]\nnone = []\nbad = \"a\"\n\
        [guest.b]\n[guest.a]\n[guest.\"c.d\"]\n";

    #[test]
    fn a_group_has_the_guests_that_it_lists_and_all_has_those_of_the_file_in_its_order() {
        assert_eq!(guests(TEXT, "old").unwrap(), ["b", "a"]);
        assert_eq!(guests(TEXT, "all").unwrap(), ["b", "a", "c.d"]);
        let own = format!("{TEXT}[groups.x]\n").replace("none = []", "all = [\"a\"]");
        assert_eq!(guests(&own, "all").unwrap(), ["a"]);
        assert_eq!(guests("groups.some = ['host']", "some").unwrap(), ["host"]);
    }

    #[test]
    fn each_mistake_in_a_group_names_its_cause_and_its_cure() {
        for (text, name, cause, hint) in [
            (
                TEXT,
                "odl",
                "does not declare a group `odl`",
                "did you mean `old`?",
            ),
            (
                TEXT,
                "a",
                "does not declare a group `a`",
                "`a` is a guest: write `#[on_vm(\"a\")]`",
            ),
            (
                TEXT,
                "quite-another",
                "does not declare a group `quite-another`",
                "the groups are `old`, `none`, `bad`, `all`; declare another below [groups]",
            ),
            (
                TEXT,
                "none",
                "has no guest in group `none`, and the test would run nowhere",
                "declare a guest, as in [guest.worker-1]",
            ),
            (
                TEXT,
                "bad",
                "has no list of guests in [groups] bad",
                "write bad = [\"worker-1\", \"worker-2\"]",
            ),
            (
                "",
                "all",
                "has no guest in group `all`, and the test would run nowhere",
                "declare a guest, as in [guest.worker-1]",
            ),
            (
                "[",
                "all",
                "is no TOML: ",
                "`vm-test config check` names the line",
            ),
        ] {
            let refusal = guests(text, name).unwrap_err();
            assert!(refusal.cause.starts_with(cause), "{refusal:?}");
            assert_eq!(refusal.hint, hint, "{name}");
        }
    }

    #[test]
    fn without_a_file_there_is_no_group() {
        let refusal = find_from(Path::new("/nowhere"), "all").unwrap_err();
        assert_eq!(
            refusal.cause,
            "there is no vm-test.toml in /nowhere or above"
        );
    }
}
