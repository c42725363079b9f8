//! Rules for links between documents: each leads to a file and a heading that exist, and the book
//! links to nothing outside of itself.

use std::collections::BTreeSet;

use vm_test_tests::document;

use crate::tree::{Tree, is_fixture, resolve};

/// The directory of the book's pages, and the page that lists them.
const BOOK: &str = "docs/";
const SUMMARY: &str = "docs/SUMMARY.md";

pub(crate) fn broken(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, content) in documents(tree) {
        for target in links(content) {
            let (file, anchor) = target.split_once('#').unwrap_or((target.as_str(), ""));
            let file = match file {
                "" => Some(path.to_owned()),
                file => resolve(path, file),
            };
            let Some(file) = file.filter(|file| tree.has(file)) else {
                violations.push(format!("{path} links to `{target}`, which does not exist"));
                continue;
            };
            let is_heading = tree
                .file(&file)
                .is_ok_and(|content| anchors(content).contains(anchor));
            if !anchor.is_empty() && !is_heading {
                violations.push(format!("{path} links to `{target}`: no such heading"));
            }
            // A file outside of the book is not available when the book is read as a web page.
            if path.starts_with(BOOK) && !file.starts_with(BOOK) {
                violations.push(format!(
                    "{path} links to `{target}`, which is outside of the book\nhint: name the file instead"
                ));
            }
        }
    }
    violations
}

pub(crate) fn outside_of_the_summary(tree: &Tree) -> Vec<String> {
    let summary = match tree.file(SUMMARY) {
        Ok(summary) => summary,
        Err(error) => return vec![error],
    };
    let listed: BTreeSet<_> = links(summary)
        .iter()
        .filter_map(|target| resolve(SUMMARY, target))
        .collect();
    let pages = documents(tree).filter(|(path, _)| path.starts_with(BOOK) && *path != SUMMARY);
    pages
        .filter(|(path, _)| !listed.contains(*path))
        .map(|(path, _)| format!("{SUMMARY} does not list {path}"))
        .collect()
}

fn documents(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.iter()
        .filter(|(path, _)| path.ends_with(".md") && !is_fixture(path))
}

/// Returns the destinations of a document's links, except those to other hosts.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in document::text(text) {
        let line = without_code(line);
        let targets = line.match_indices("](").map(|(at, mark)| {
            let rest = &line[at + mark.len()..];
            rest.split(')').next().unwrap_or_default()
        });
        let here = targets.filter(|target| !target.contains(':'));
        links.extend(here.map(str::to_owned));
    }
    links
}

/// Returns a line with text between backticks replaced by blanks.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(number, part)| match number % 2 {
        0 => part.to_owned(),
        _ => " ".repeat(part.len()),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Returns the anchors of a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = document::text(text).filter(|line| line.starts_with('#'));
    let mut anchors = BTreeSet::new();
    for heading in headings {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let plain = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        let anchor: String = title.chars().filter(plain).collect();
        anchors.insert(anchor.replace(' ', "-"));
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_is_found() {
        let check = |text: &str| {
            let files = [
                ("a.md", "# One `two`, three\n```sh\n# four\n```\n"),
                ("b/c.md", text),
                ("b/d.rs", ""),
            ];
            broken(&Tree::planted(&files)).len()
        };
        for right in [
            "[x](../a.md), [`x`](../a.md#one-two-three)",
            "[x](d.rs) [y](../b) [z](https://host/x#y)",
            "# X\n[x](#x)\n",
            "`[x](gone)`\n```text\n[x](gone)\n```\n",
        ] {
            assert_eq!(check(right), 0, "{right}");
        }
        for wrong in [
            "[x](a.md)",
            "[x](../../a.md)",
            "[x](../a.md#four)",
            "[x](#x)",
            "[x](d.rs#x)",
            "`a` [`x`](gone) `b`",
        ] {
            assert_eq!(check(wrong), 1, "{wrong}");
        }
    }

    #[test]
    fn a_page_of_the_book_that_leads_out_of_it_is_found() {
        let check = |target: &str| {
            let page = format!("[x]({target})");
            let files = [("a.md", ""), ("docs/b.md", ""), ("docs/c/d.md", &page)];
            broken(&Tree::planted(&files)).len()
        };
        assert_eq!(check("../b.md"), 0);
        assert_eq!(check("../../a.md"), 1);
    }

    #[test]
    fn a_page_that_the_summary_does_not_list_is_found() {
        let check = |summary: &str| {
            let files = [
                (SUMMARY, summary),
                ("docs/a.md", ""),
                ("docs/b/c.md", ""),
                ("d.md", ""),
            ];
            outside_of_the_summary(&Tree::planted(&files)).len()
        };
        assert_eq!(check("- [A](a.md)\n  - [C](b/c.md)\n"), 0);
        assert_eq!(check("- [A](a.md)\n"), 1);
        assert_eq!(
            outside_of_the_summary(&Tree::planted(&[])),
            ["docs/SUMMARY.md is missing"]
        );
    }
}
