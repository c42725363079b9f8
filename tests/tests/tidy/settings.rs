//! A rule for the settings: the tables that users read have a row for each key, and no other.

use vm_test_settings::guest::{Key, names};

use crate::tree::Tree;

/// The file of the attribute, and the prefix of its documentation lines.
const ATTRIBUTE: (&str, &str) = ("vm-test-macros/src/lib.rs", "/// ");

/// The page of the book.
const PAGE: (&str, &str) = ("docs/settings.md", "");

/// Keys of the attribute that are not settings.
const OF_THE_ATTRIBUTE: [&str; 2] = ["crate", "setup"];

pub(crate) fn undocumented(tree: &Tree) -> Vec<String> {
    [ATTRIBUTE, PAGE]
        .into_iter()
        .flat_map(|place| differences(tree, place))
        .collect()
}

fn differences(tree: &Tree, (path, start): (&str, &str)) -> Vec<String> {
    let content = match tree.file(path) {
        Ok(content) => content,
        Err(error) => return vec![error],
    };
    let rows: Vec<_> = content
        .lines()
        .filter_map(|line| line.strip_prefix(start)?.strip_prefix("| `"))
        .filter_map(|row| row.split('`').next())
        .collect();
    let missing = names().filter(|name| !rows.contains(name));
    let missing = missing.map(|name| format!("{path} has no row `{name}` in its table of keys"));
    let unknown = rows
        .iter()
        .filter(|name| Key::find(name).is_none() && !OF_THE_ATTRIBUTE.contains(*name));
    let unknown = unknown.map(|name| format!("{path} has a row `{name}`, which is no key"));
    missing.chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns both tables, with these rows besides those of all keys except `memory`.
    fn planted(page: &str, attribute: &str) -> Vec<String> {
        let rows = |start: &str, more: &str| -> String {
            let known = names().filter(|name| *name != "memory");
            let known = known.map(|name| format!("{start}| `{name}` | values | default |\n"));
            format!("{}{more}", known.collect::<String>())
        };
        let (page, attribute) = (rows(PAGE.1, page), rows(ATTRIBUTE.1, attribute));
        undocumented(&Tree::planted(&[
            (PAGE.0, &page),
            (ATTRIBUTE.0, &attribute),
        ]))
    }

    #[test]
    fn a_key_without_a_row_and_a_row_without_a_key_are_found() {
        let (page, attribute) = ("| `memory` | `\"1G\"` | none |\n", "/// | `memory` | |\n");
        assert_eq!(planted(page, attribute), [""; 0]);
        let with_crate = format!("{attribute}/// | `crate` | a path |\n");
        assert_eq!(planted(page, &with_crate), [""; 0]);
        assert_eq!(
            planted("", attribute),
            ["docs/settings.md has no row `memory` in its table of keys"]
        );
        assert_eq!(
            planted(page, "| `memory` | not of the documentation |\n"),
            ["vm-test-macros/src/lib.rs has no row `memory` in its table of keys"]
        );
        assert_eq!(
            planted(&format!("{page}| `retries` | 3 |\n"), attribute),
            ["docs/settings.md has a row `retries`, which is no key"]
        );
    }
}
