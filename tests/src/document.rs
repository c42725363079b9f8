//! The project's documents in Markdown: their text, their blocks of code, and the commands in
//! those. Knows the form of all three but not their meaning: the crate whose program reads a block
//! checks it.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A fenced block of code.
#[derive(Clone, Debug)]
pub struct Block {
    /// The document and the line where the block begins, as in `docs/vms.md:12`.
    pub place: String,
    /// The language after the opening fence.
    pub language: String,
    /// The text between the fences.
    pub code: String,
}

impl Block {
    /// Returns the file that a block of TOML belongs to, if the block begins with a comment that
    /// consists of the file's name.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        let first = self.code.lines().next()?;
        let name = first.strip_prefix("# ")?.trim_end();
        (self.language == "toml" && name.ends_with(".toml") && !name.contains(' ')).then_some(name)
    }
}

const FENCE: &str = "```";

/// Returns the lines of a document that are neither code nor fences.
pub fn text(document: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    document.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with(FENCE);
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Returns the blocks of code of a document.
///
/// # Errors
/// If the last block is not closed.
pub fn blocks(path: &str, document: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(document.lines()) {
        match (line.trim_start().strip_prefix(FENCE), &mut open) {
            (Some(info), None) => {
                open = Some(Block {
                    place: format!("{path}:{number}"),
                    language: info.trim().to_owned(),
                    code: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.code += line;
                block.code += "\n";
            }
            (None, None) => {}
        }
    }
    match open {
        Some(block) => Err(format!("{}: the block has no end", block.place)),
        None => Ok(blocks),
    }
}

/// Returns what stands between backticks in the text of a document.
pub fn spans(document: &str) -> impl Iterator<Item = &str> {
    text(document).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Returns the documents of the project, except those of fixtures.
///
/// Each is its path from the root, and its content.
///
/// # Panics
/// If they cannot be listed or read.
#[must_use]
pub fn of_the_project() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the suites are in a folder of the workspace");
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others"])
        .args(["--exclude-standard", "--", "*.md"])
        .current_dir(root)
        .output()
        .expect("git starts");
    assert!(listed.status.success(), "cannot list the documents");
    let names = String::from_utf8(listed.stdout).expect("names in UTF-8");
    let names = names
        .split_terminator('\0')
        .filter(|name| !name.starts_with("tests/"));
    // A file that was deleted without a commit is still listed.
    let documents = names.filter(|name| root.join(name).exists()).map(|name| {
        let content = fs::read_to_string(root.join(name)).expect("a document can be read");
        (name.to_owned(), content)
    });
    documents.collect()
}

/// Returns the blocks of code in the documents of the project.
///
/// # Panics
/// If there are none, or if one is not closed.
#[must_use]
pub fn blocks_of_the_project() -> Vec<Block> {
    let documents = of_the_project();
    let blocks = documents.iter().flat_map(|(name, content)| {
        blocks(name, content).unwrap_or_else(|error| panic!("{error}"))
    });
    let blocks: Vec<Block> = blocks.collect();
    assert!(!blocks.is_empty(), "the documents have no block of code");
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "a\n```sh\nb\nc\n```\nd\n  ```toml\n  # x.toml\n  ```\n";

    #[test]
    fn blocks_are_told_from_text() {
        assert_eq!(text(DOCUMENT).collect::<Vec<_>>(), ["a", "d"]);
        let document = "a `b` c `d e`\n```sh\n`f`\n```\n";
        assert_eq!(spans(document).collect::<Vec<_>>(), ["b", "d e"]);
        let found = blocks("a.md", DOCUMENT).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|block| (&*block.place, &*block.language, &*block.code))
            .collect();
        assert_eq!(
            found,
            [
                ("a.md:2", "sh", "b\nc\n"),
                ("a.md:7", "toml", "  # x.toml\n")
            ]
        );
        let error = blocks("a.md", "```sh\n").unwrap_err();
        assert_eq!(error, "a.md:1: the block has no end");
    }

    #[test]
    fn a_block_of_toml_names_its_file() {
        let file = |language: &str, code: &str| {
            let block = Block {
                place: String::new(),
                language: language.to_owned(),
                code: code.to_owned(),
            };
            block.file().map(str::to_owned)
        };
        assert_eq!(
            file("toml", "# a/b.toml\nx = 1\n").as_deref(),
            Some("a/b.toml")
        );
        assert_eq!(file("toml", "# see a/b.toml\n"), None);
        assert_eq!(file("toml", "x = 1\n# a.toml\n"), None);
        assert_eq!(file("sh", "# a.toml\n"), None);
    }
}
