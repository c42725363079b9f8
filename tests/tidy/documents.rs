//! Rules for the documents that people open first: the read-me, the architecture's code map, the changelog.

use crate::Tree;
use crate::manifests;

/// The words that a reader gets through before deciding.
const LONGEST_README: usize = 400;

/// What stands behind this heading is looked up, not read.
const REFERENCE: &str = "## Reference";

/// The heading of the part of ARCHITECTURE.md that says where things are.
const CODE_MAP: &str = "code map";

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
    let to_read = readme
        .lines()
        .take_while(|line| line.trim_end() != REFERENCE);
    let words = to_read.flat_map(str::split_whitespace).count();
    if words < LONGEST_README {
        return Vec::new();
    }
    vec![format!(
        "README.md has {words} words before `{REFERENCE}`, fewer than {LONGEST_README} are allowed"
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
    let paths = paths_in(&map);
    let gone = paths.iter().filter(|path| !tree.has(path));
    let mut violations: Vec<String> = gone
        .map(|path| format!("ARCHITECTURE.md's code map names `{path}`, which does not exist"))
        .collect();
    let unnamed = members.iter().filter(|member| {
        !paths
            .iter()
            .any(|path| path.trim_end_matches('/') == *member)
    });
    violations.extend(
        unnamed.map(|member| format!("ARCHITECTURE.md's code map does not name `{member}/`")),
    );
    violations
}

/// The lines below the heading that contains `title`, up to the next heading of its level or above.
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

/// What stands between backticks and reads like a path from the workspace root: `folder/`, `folder/file.rs`, `file.md`.
fn paths_in(section: &str) -> Vec<&str> {
    let quoted = section
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_path = |text: &&str| {
        let plain = text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "_-./".contains(character));
        plain
            && (text.contains('/')
                || [".rs", ".toml", ".md"]
                    .iter()
                    .any(|ending| text.ends_with(ending)))
    };
    quoted.filter(is_path).collect()
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
    fn a_long_readme_is_found_and_its_reference_does_not_count() {
        let check = |words: usize| {
            let readme = format!(
                "{}\n## Reference\n{}",
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
                format!("# Architecture\n## Code map\n{map}\n## Invariants\n`gone.rs`\n");
            untrue_code_map(&Tree::planted(&[
                WORKSPACE,
                ("a/src/x.rs", ""),
                ("tests/b/y.rs", ""),
                ("ARCHITECTURE.md", &architecture),
            ]))
        };
        assert_eq!(
            check("`a/` has `#[on_vm]`.\n### Tests\n- `tests/b/`: `tests/b/y.rs`"),
            [""; 0]
        );
        assert_eq!(check("`a/`, `tests/b`, `a/src/z.rs`").len(), 1);
        assert_eq!(check("`a/src/x.rs`").len(), 2, "both members are unnamed");
        assert_eq!(
            untrue_code_map(&Tree::planted(&[WORKSPACE])),
            ["ARCHITECTURE.md is missing"]
        );
    }
}
