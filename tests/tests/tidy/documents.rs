//! Rules for the documents that people open first: the README, the architecture's code map, the
//! changelog.

use vm_test_tests::document;

use crate::manifests;
use crate::tree::Tree;

/// How many words a reader reads before deciding. Code does not count.
const LONGEST_README: usize = 400;

/// The heading of the part of ARCHITECTURE.md that lists directories.
const CODE_MAP: &str = "where things are";

/// The first test that the documents show, which runs with the demo.
const FIRST_TEST: &str = "examples/firewall/tests/first.rs";

/// Where it is shown: in the README, and on the page of the crate that users add.
const SHOWN_IN: &[&str] = &["README.md", "vm-test/src/lib.rs"];

pub(crate) fn first_test_that_does_not_run(tree: &Tree) -> Vec<String> {
    let code = tree.file(FIRST_TEST).and_then(|content| {
        let (_, code) = content
            .split_once("\n\n")
            .ok_or(format!("{FIRST_TEST} has no empty line below its opening"))?;
        Ok(code)
    });
    let code = match code {
        Ok(code) => code,
        Err(error) => return vec![error],
    };
    let mut violations = Vec::new();
    for path in SHOWN_IN {
        match tree.file(path) {
            Ok(text) if without_comment_marks(text).contains(&format!("\n{code}```\n")) => {}
            Ok(_) => violations.push(format!("{path} does not show {FIRST_TEST} as it is")),
            Err(error) => violations.push(error),
        }
    }
    violations
}

/// Returns the text; of documentation comments, what follows `//!`.
fn without_comment_marks(text: &str) -> String {
    let lines = text.lines().map(|line| {
        line.strip_prefix("//!")
            .map_or(line, |line| line.strip_prefix(' ').unwrap_or(line))
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

pub(crate) fn changelog_without_this_version(tree: &Tree) -> Vec<String> {
    let version = match manifests::version(tree) {
        Ok(version) => version,
        Err(error) => return vec![error],
    };
    let changelog = match tree.file("CHANGELOG.md") {
        Ok(changelog) => changelog,
        Err(error) => return vec![error],
    };
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## "));
    let mut versions = headings.filter_map(|heading| heading.split_whitespace().next());
    if versions.any(|heading| heading.trim_matches(['[', ']']) == version) {
        return Vec::new();
    }
    vec![format!("CHANGELOG.md has no section `## {version}`")]
}

pub(crate) fn long_readme(tree: &Tree) -> Vec<String> {
    let readme = match tree.file("README.md") {
        Ok(readme) => readme,
        Err(error) => return vec![error],
    };
    let words = document::text(readme)
        .flat_map(str::split_whitespace)
        .count();
    if words < LONGEST_README {
        return Vec::new();
    }
    vec![format!(
        "README.md has {words} words besides code, fewer than {LONGEST_README} are allowed\nhint: the book in docs/ has the reference"
    )]
}

pub(crate) fn untrue_code_map(tree: &Tree) -> Vec<String> {
    let architecture = match tree.file("ARCHITECTURE.md") {
        Ok(architecture) => architecture,
        Err(error) => return vec![error],
    };
    let members = match manifests::members(tree) {
        Ok(members) => members,
        Err(error) => return vec![error],
    };
    let map = section(architecture, CODE_MAP);
    let mut violations = Vec::new();
    let mut named = Vec::new();
    for row in map.lines().map(paths_in) {
        let gone = row.iter().filter(|path| !exists(tree, row[0], path));
        violations.extend(gone.map(|path| {
            format!("ARCHITECTURE.md's code map names `{path}`, which does not exist")
        }));
        named.extend(row.iter().map(|path| path.trim_end_matches('/')));
    }
    let unnamed = members.iter().filter(|member| {
        let inside = format!("{member}/");
        !named
            .iter()
            .any(|path| *path == member.as_str() || path.starts_with(&inside))
    });
    violations.extend(
        unnamed.map(|member| format!("ARCHITECTURE.md's code map does not name `{member}/`")),
    );
    violations
}

/// Returns the lines below the heading that contains `title`, up to the next heading of the same
/// level or above.
fn section(document: &str, title: &str) -> String {
    let level = |line: &str| {
        line.chars()
            .take_while(|character| *character == '#')
            .count()
    };
    let mut lines = document
        .lines()
        .skip_while(|line| level(line) == 0 || !line.to_lowercase().contains(title));
    let own = lines.next().map_or(0, level);
    lines
        .take_while(|line| level(line) == 0 || level(line) > own)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns whether `path` exists, from the workspace root or below the place at the beginning of
/// its line.
fn exists(tree: &Tree, place: &str, path: &str) -> bool {
    let place = place.trim_end_matches('/');
    let candidates = [
        path.to_owned(),
        format!("{place}/{path}"),
        format!("{place}/src/{path}"),
    ];
    candidates.iter().any(|candidate| tree.has(candidate))
}

/// Returns the paths between backticks in one line of the map: the place at its beginning, and
/// everything after that with a slash. Other words in backticks are not paths.
fn paths_in(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2).enumerate();
    let is_path = |(number, text): &(usize, &str)| {
        let plain = text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_-./".contains(character));
        plain && (*number == 0 || text.contains('/'))
    };
    quoted.filter(is_path).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: (&str, &str) = (
        "Cargo.toml",
        "[workspace]\nmembers = [\"a\", \"tests/b\"]\n[workspace.package]\nversion = \"1.2.3\"\n",
    );

    #[test]
    fn a_changelog_without_this_version_is_found() {
        let check = |changelog| {
            changelog_without_this_version(&Tree::planted(&[
                WORKSPACE,
                ("CHANGELOG.md", changelog),
            ]))
        };
        assert!(check("# Changes\n\n## 1.2.3 (unreleased)\n").is_empty());
        assert!(check("## [1.2.3]\n").is_empty());
        assert_eq!(check("## 1.2.30\n\nSince 1.2.3.\n").len(), 1);
        assert_eq!(
            changelog_without_this_version(&Tree::planted(&[WORKSPACE])),
            ["CHANGELOG.md is missing"]
        );
    }

    #[test]
    fn a_first_test_that_the_documents_show_in_another_form_is_found() {
        let check = |readme: &str, page: &str| {
            first_test_that_does_not_run(&Tree::planted(&[
                (FIRST_TEST, "//! Opening.\n\nuse x;\n\nfn f() {}\n"),
                (SHOWN_IN[0], readme),
                (SHOWN_IN[1], page),
            ]))
        };
        let readme = "# A\n```rust\nuse x;\n\nfn f() {}\n```\n";
        let page = "//! A\n//! ```no_run\n//! use x;\n//!\n//! fn f() {}\n//! ```\nfn g() {}\n";
        assert_eq!(check(readme, page), [""; 0]);
        assert_eq!(check(&readme.replace("f()", "g()"), page).len(), 1);
        assert_eq!(check(readme, &page.replace("f()", "g()")).len(), 1);
        assert_eq!(check("", "").len(), 2);
        for files in [&[][..], &[(FIRST_TEST, "//! Opening.")]] {
            assert_eq!(first_test_that_does_not_run(&Tree::planted(files)).len(), 1);
        }
    }

    #[test]
    fn a_long_readme_is_found_and_its_code_does_not_count() {
        let check = |words: usize| {
            let readme = format!(
                "{}\n```sh\n{}\n```\n",
                "word ".repeat(words),
                "word ".repeat(1000)
            );
            long_readme(&Tree::planted(&[("README.md", &readme)])).len()
        };
        assert_eq!(check(399), 0);
        assert_eq!(check(400), 1);
        assert_eq!(long_readme(&Tree::planted(&[])), ["README.md is missing"]);
    }

    #[test]
    fn a_code_map_that_is_not_true_is_found() {
        let check = |map: &str| {
            let architecture =
                format!("# Architecture\n## Where things are\n{map}\n## Invariants\n`gone/`\n");
            untrue_code_map(&Tree::planted(&[
                WORKSPACE,
                ("deny.toml", ""),
                ("a/src/x/y.rs", ""),
                ("tests/b/z.rs", ""),
                ("ARCHITECTURE.md", &architecture),
            ]))
        };
        let good = "| `a/` | `#[on_vm]`, `x/`, `user.toml` |\n\
                    ### Tests\n| `tests/b/` | `tests/b/z.rs` |\n- `deny.toml`";
        assert_eq!(check(good), [""; 0]);
        for bad in [
            format!("{good}\n| `a/src/q.rs` | gone |"),
            format!("{good}\n| `gone.toml` | gone |"),
            good.replace("`x/`", "`q/`"),
        ] {
            assert_eq!(check(&bad).len(), 1, "{bad}");
        }
        assert_eq!(
            check("| `a/src/x/` | the rest |").len(),
            1,
            "a member is unnamed"
        );
        assert_eq!(
            untrue_code_map(&Tree::planted(&[WORKSPACE])),
            ["ARCHITECTURE.md is missing"]
        );
    }
}
