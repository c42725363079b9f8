//! Rules for single Rust files: opening, length, name, `unsafe`. Knows nothing of how files depend
//! on each other.

use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::tree::Tree;

/// How many lines a file may have besides the unit tests at its end.
const LONGEST: usize = 300;

/// An opening with fewer words says nothing about what a file knows.
const SHORTEST_OPENING: usize = 5;

/// Names of files and directories for unrelated things.
const MEANINGLESS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];

/// The crates where `unsafe` may stand.
const UNSAFE_CRATES: [&str; 2] = ["vm-test-sys/src/", "vm-test-call/src/"];

/// The keywords that begin definitions, of which a `mod.rs` has none.
const ITEMS: &[&str] = &[
    "const",
    "enum",
    "fn",
    "impl",
    "macro_rules",
    "static",
    "struct",
    "trait",
    "type",
];

pub(crate) fn without_opening(tree: &Tree) -> Vec<String> {
    let silent = tree.rust().filter(|(_, content)| {
        let opening = content.lines().map_while(|line| line.strip_prefix("//!"));
        opening.flat_map(str::split_whitespace).count() < SHORTEST_OPENING
    });
    silent
        .map(|(path, _)| {
            format!("{path} does not open with a `//!` sentence that says what it knows")
        })
        .collect()
}

pub(crate) fn too_long(tree: &Tree) -> Vec<String> {
    let lengths = tree
        .rust()
        .map(|(path, content)| (path, lines_before_tests(content)));
    let long = lengths.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(path, lines)| format!("{path} has {lines} lines, {LONGEST} are allowed"))
        .collect()
}

/// Finds files that are compiled into a second binary, which would duplicate their tests.
pub(crate) fn included_by_path(tree: &Tree) -> Vec<String> {
    let suites = tree
        .iter()
        .filter(|(path, _)| path.starts_with("tests/") && path.ends_with(".rs"));
    let included = suites.filter(|(_, content)| {
        let mut lines = content.lines();
        lines.any(|line| line.trim_start().starts_with("#[path"))
    });
    included
        .map(|(path, _)| format!("{path} includes a file by its path"))
        .collect()
}

pub(crate) fn names_without_meaning(tree: &Tree) -> Vec<String> {
    let nameless = tree.iter().filter(|(path, _)| {
        let mut stems = path
            .split('/')
            .map(|part| part.split('.').next().unwrap_or_default());
        stems.any(|stem| MEANINGLESS.contains(&stem))
    });
    nameless
        .map(|(path, _)| format!("{path} is not named after what it holds"))
        .collect()
}

pub(crate) fn unsafe_outside_of_sys(tree: &Tree) -> Vec<String> {
    let outside = tree
        .rust()
        .filter(|(path, _)| !UNSAFE_CRATES.iter().any(|its| path.starts_with(its)));
    outside
        .filter_map(
            |(path, content)| match tokens(content).map(has_unsafe_code) {
                Ok(false) => None,
                Ok(true) => Some(format!(
                    "{path} has unsafe code, which belongs into {}",
                    UNSAFE_CRATES.join(" or ")
                )),
                Err(error) => Some(format!("{path} cannot be read as Rust: {error}")),
            },
        )
        .collect()
}

pub(crate) fn wiring_with_logic(tree: &Tree) -> Vec<String> {
    let wiring = tree
        .rust()
        .filter(|(path, _)| path.ends_with("/mod.rs") && path.contains("/src/"));
    wiring
        .filter_map(|(path, content)| match tokens(content).map(has_items) {
            Ok(false) => None,
            Ok(true) => Some(format!(
                "{path} does more than name its modules and what others may take from them"
            )),
            Err(error) => Some(format!("{path} cannot be read as Rust: {error}")),
        })
        .collect()
}

/// Returns whether anything is defined besides modules in separate files.
fn has_items(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_item = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if ITEMS.iter().any(|item| word == item));
    let has_body = |tokens: &[TokenTree]| matches!(tokens, [TokenTree::Ident(word), TokenTree::Ident(_), TokenTree::Group(_)] if word == "mod");
    tokens.iter().any(is_item) || tokens.windows(3).any(has_body)
}

/// Returns the tokens of a Rust file: no comments, and a string literal is one token.
pub(crate) fn tokens(content: &str) -> Result<TokenStream, String> {
    TokenStream::from_str(content).map_err(|error| error.to_string())
}

/// Returns whether `unsafe` precedes something. Alone, as in `Token![unsafe]`, it is only
/// mentioned.
fn has_unsafe_code(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match token {
            TokenTree::Ident(word) => word == "unsafe" && tokens.peek().is_some(),
            TokenTree::Group(group) => has_unsafe_code(group.stream()),
            _ => false,
        };
        if found {
            return true;
        }
    }
    false
}

/// Returns how many lines a file has before the module of unit tests at its end.
fn lines_before_tests(content: &str) -> usize {
    let lines: Vec<&str> = content.lines().collect();
    let tests = lines
        .iter()
        .position(|line| line.starts_with("mod tests {"));
    // The module is the end of the file if the first unindented closing brace after it is on the
    // last line.
    let closing =
        tests.and_then(|tests| lines[tests..].iter().position(|line| line.starts_with('}')));
    match (tests, closing) {
        (Some(tests), Some(closing)) if tests + closing + 1 == lines.len() => {
            tests.saturating_sub(1)
        }
        _ => lines.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENING: &str = "//! Knows nothing and does nothing.\n";

    fn planted(path: &str, content: &str) -> Tree {
        Tree::planted(&[(path, content)])
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        for content in [
            "",
            "// A comment.\n",
            "\n//! Knows nothing and does nothing.\n",
            "//! x\n",
        ] {
            assert_eq!(
                without_opening(&planted("xtask/src/a.rs", content)).len(),
                1,
                "{content}"
            );
        }
        assert!(without_opening(&planted("xtask/src/a.rs", OPENING)).is_empty());
        assert!(without_opening(&planted("tests/ui/a.rs", "")).is_empty());
    }

    #[test]
    fn a_long_file_is_found_and_its_unit_tests_do_not_count() {
        let lines = "// line\n".repeat(300);
        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "    // line\n".repeat(300)
        );
        assert!(too_long(&planted("a.rs", &format!("{lines}{tests}"))).is_empty());
        assert_eq!(
            too_long(&planted("a.rs", &format!("{lines}// one more\n{tests}"))).len(),
            1
        );
        assert_eq!(
            too_long(&planted(
                "a.rs",
                &format!("{tests}// code after the tests\n")
            ))
            .len(),
            1
        );
        assert_eq!(
            too_long(&planted("a.rs", &format!("{lines}// one more\n"))).len(),
            1
        );
    }

    #[test]
    fn a_file_that_is_included_by_its_path_is_found() {
        let content = "//! x\nmod a {\n    #[path = \"../b.rs\"]\n    mod b;\n}\n";
        let check = |path: &str, content: &str| included_by_path(&planted(path, content)).len();
        assert_eq!(check("tests/tests/a/main.rs", content), 1);
        assert_eq!(check("tests/fixtures/a/tests/b.rs", content), 1);
        assert_eq!(check("vm-test-executor/src/a.rs", content), 0);
        assert_eq!(check("tests/tests/a/main.rs", "mod b;\n// #[path]\n"), 0);
    }

    #[test]
    fn a_file_or_folder_with_a_meaningless_name_is_found() {
        for path in ["a/src/util.rs", "a/src/common/mod.rs", "a/helpers.sh"] {
            assert_eq!(names_without_meaning(&planted(path, "")).len(), 1, "{path}");
        }
        assert!(names_without_meaning(&planted("a/src/utility_pole.rs", "")).is_empty());
    }

    #[test]
    fn a_mod_rs_with_more_than_names_is_found() {
        for content in [
            "mod a; fn f() {}",
            "mod a; use a::A; impl A {}",
            "mod a { pub fn f() {} }",
            "pub(super) const A: u32 = 1;",
            "#[derive(Debug)] pub struct A;",
            "macro_rules! a { () => {} }",
        ] {
            let found = wiring_with_logic(&planted("a/src/b/mod.rs", content));
            assert_eq!(found.len(), 1, "{content}");
            for elsewhere in ["a/src/b.rs", "a/src/lib.rs", "a/tests/b/mod.rs"] {
                assert!(wiring_with_logic(&planted(elsewhere, content)).is_empty());
            }
        }
        for content in [
            "//! Knows fn and struct.\nmod a; pub(super) mod b;",
            "#[cfg(test)] mod tests; pub use a::{A, f as g};",
            "#[expect(clippy::module_inception, reason = \"fn\")] mod b; use self::b::*;",
        ] {
            let found = wiring_with_logic(&planted("a/src/b/mod.rs", content));
            assert_eq!(found, [""; 0], "{content}");
        }
    }

    #[test]
    fn unsafe_code_is_found_and_talk_about_it_is_not() {
        let code = [
            "fn f() { unsafe { g() } }",
            "unsafe impl Send for S {}",
            "#[unsafe(no_mangle)] fn f() {}",
        ];
        for content in code {
            assert_eq!(
                unsafe_outside_of_sys(&planted("xtask/src/a.rs", content)).len(),
                1,
                "{content}"
            );
            for allowed in ["vm-test-sys/src/a.rs", "vm-test-call/src/a.rs"] {
                assert!(unsafe_outside_of_sys(&planted(allowed, content)).is_empty());
            }
        }
        for content in [
            "// unsafe { }",
            "const A: &str = \"unsafe fn\";",
            "peek(Token![unsafe])",
        ] {
            assert!(
                unsafe_outside_of_sys(&planted("xtask/src/a.rs", content)).is_empty(),
                "{content}"
            );
        }
        assert_eq!(
            unsafe_outside_of_sys(&planted("xtask/src/a.rs", "fn f( {")).len(),
            1
        );
    }
}
