//! The rule for `docs/isolation.md`: each test that its table names exists.

use crate::tree::Tree;

const PAGE: &str = "docs/isolation.md";

/// Where the tests are that the table names, as `module::test`, or as `module::…` for all of a
/// module.
const TESTS: &str = "tests/fixtures/hostile/tests/hostile/";

pub(crate) fn names_tests_that_are_gone(tree: &Tree) -> Vec<String> {
    let page = match tree.file(PAGE) {
        Ok(page) => page,
        Err(error) => return vec![error],
    };
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let named: Vec<_> = quoted.filter_map(|text| text.split_once("::")).collect();
    if named.is_empty() {
        return vec![format!("{PAGE} names no test")];
    }
    let gone = named.iter().filter(|(module, test)| {
        let file = tree.file(&format!("{TESTS}{module}.rs"));
        !file.is_ok_and(|code| *test == "…" || code.contains(&format!("fn {test}(")))
    });
    gone.map(|(module, test)| format!("{PAGE} names `{module}::{test}`, which does not exist"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        let check = |row: &str| {
            let code = format!("{TESTS}users.rs");
            let page = format!("`users::nothing`\n| a |\n| {row} |\n");
            let files = [(PAGE, page.as_str()), (&code, "fn one() {}\n")];
            names_tests_that_are_gone(&Tree::planted(&files)).len()
        };
        assert_eq!(check("`users::one`, `users::…`, `x`"), 0);
        for wrong in ["`users::on`", "`users::one`, `user::…`", "none"] {
            assert_eq!(check(wrong), 1, "{wrong}");
        }
        assert_eq!(
            names_tests_that_are_gone(&Tree::planted(&[])),
            ["docs/isolation.md is missing"]
        );
    }
}
