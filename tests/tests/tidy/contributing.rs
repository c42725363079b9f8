//! Rules for what contributors read: the files that it names exist, and the table of
//! CONTRIBUTING.md matches what the short form leaves out.

use vm_test_tests::document;

use crate::tree::Tree;

/// Where the suites are; and where these rules are, which name what they search for.
const SUITES: &str = "tests/tests/";
const RULES: &str = "tests/tests/tidy/";

const DOCUMENT: &str = "CONTRIBUTING.md";

/// The pages that name files of the project.
const GUIDES: [&str; 2] = [DOCUMENT, "docs/testing.md"];

/// The heading of the table.
const SHORT_FORM: &str = "## What the short form leaves out";

/// What a file contains if it has fewer rounds in the short form, or inline modules that the short
/// form leaves out.
const SIGNS: &[&str] = &["campaign::length", "mod in_full {", "mod as_root_in_full {"];

/// The file names of other modules that the short form leaves out.
const FILES: &[&str] = &["in_full.rs", "as_root_in_full.rs"];

pub(crate) fn names_what_is_gone(tree: &Tree) -> Vec<String> {
    let gone = GUIDES.map(|guide| match tree.file(guide) {
        Ok(document) => gone(tree, guide, document),
        Err(error) => vec![error],
    });
    gone.concat()
}

fn gone(tree: &Tree, guide: &str, text: &str) -> Vec<String> {
    let quoted = document::spans(text);
    let is_plain = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
    };
    let is_path = |text: &&str| text.contains('/') && !text.starts_with('/') && is_plain(text);
    let paths = quoted.filter(is_path);
    paths
        .filter(|path| !tree.has(path))
        .map(|path| format!("{guide} names `{path}`, which does not exist"))
        .collect()
}

pub(crate) fn untold_by_the_table(tree: &Tree) -> Vec<String> {
    let document = match tree.file(DOCUMENT) {
        Ok(document) => document,
        Err(error) => return vec![error],
    };
    let Some((_, table)) = document.split_once(SHORT_FORM) else {
        return vec![format!("{DOCUMENT} has no section `{SHORT_FORM}`")];
    };
    let table = table.split("\n## ").next().unwrap_or_default();
    let suites = tree
        .rust()
        .filter(|(path, _)| path.starts_with(SUITES) && !path.starts_with(RULES));
    let left_out = suites.filter(|(path, content)| {
        let name = path.rsplit('/').next().unwrap_or_default();
        FILES.contains(&name) || SIGNS.iter().any(|sign| content.contains(sign))
    });
    left_out
        .filter(|(path, _)| !table.contains(&format!("`{path}`")))
        .map(|(path, _)| {
            format!("{DOCUMENT} does not say what of {path} the short form leaves out")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_does_not_exist_is_found() {
        let check = |text: &str| {
            let files = [("a/b.rs", ""), (GUIDES[0], text), (GUIDES[1], text)];
            names_what_is_gone(&Tree::planted(&files)).len()
        };
        assert_eq!(
            check("`/a/c`, `a/b.rs`, `a/`, `c.rs`, `//!`, `c/d e`\n```sh\nls `c/d`\n```\n"),
            0
        );
        assert_eq!(check("`a/b.rs` and `a/c.rs`"), GUIDES.len());
        assert_eq!(check("```sh\n```\n`c/`"), GUIDES.len());
        assert_eq!(
            names_what_is_gone(&Tree::planted(&[])),
            ["CONTRIBUTING.md is missing", "docs/testing.md is missing"]
        );
    }

    #[test]
    fn what_the_short_form_leaves_out_and_the_table_does_not_name_is_found() {
        let check = |table: &str| {
            let document = format!("# A\n`tests/tests/x.rs`\n{SHORT_FORM}\n{table}\n## Style\n");
            let files = [
                (DOCUMENT, document.as_str()),
                ("tests/tests/x.rs", "let n = campaign::length(2, 1);"),
                ("tests/tests/y.rs", "mod in_full;"),
                ("tests/tests/y/in_full.rs", ""),
                ("tests/tests/z.rs", "mod as_root_in_full {}"),
                ("tests/tests/tidy/x.rs", "mod in_full {}"),
            ];
            untold_by_the_table(&Tree::planted(&files)).len()
        };
        assert_eq!(
            check("| `tests/tests/x.rs` |\n| `tests/tests/y/in_full.rs` |\n| `tests/tests/z.rs` |"),
            0
        );
        assert_eq!(check("| `tests/tests/x.rs` |\n| `tests/tests/z.rs` |"), 1);
        assert_eq!(check(""), 3);
        let without = untold_by_the_table(&Tree::planted(&[(DOCUMENT, "# A\n")]));
        assert_eq!(without.len(), 1, "{without:?}");
    }
}
