//! The kinds of blocks of code in the documents, and what checks each. Checks none itself.

use vm_test_tests::document::{Block, blocks, blocks_of_the_project};

/// The kind of a block of code, by its language and, for TOML, by the file that its first line
/// names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Compiled in `rust.rs`.
    Rust,
    /// Commands. `programs.rs` looks them up, except those of this workspace, which are tested in
    /// their own crates.
    Script,
    /// Guests and recipes, which the tests of `vm-test-executor` read.
    Configuration,
    /// Output and drawings, which only people read.
    Text,
}

pub(crate) fn kind(block: &Block) -> Result<Kind, String> {
    match (&*block.language, block.file()) {
        ("rust", _) => Ok(Kind::Rust),
        ("sh", _) => Ok(Kind::Script),
        ("text", _) => Ok(Kind::Text),
        ("toml", Some(file)) if file == "vm-test.toml" || file.starts_with("images/") => {
            Ok(Kind::Configuration)
        }
        ("toml", file) => Err(format!(
            "{}: no test reads {file:?}\nhint: its first line names vm-test.toml or images/NAME.toml",
            block.place
        )),
        (language, _) => Err(format!(
            "{}: no test reads {language:?}\nhint: the languages are rust, sh, toml, and text for output",
            block.place
        )),
    }
}

/// Returns the blocks of a kind in the documents.
pub(crate) fn all(of: Kind) -> Vec<Block> {
    let mut blocks = blocks_of_the_project();
    blocks.retain(|block| kind(block) == Ok(of));
    assert!(!blocks.is_empty(), "no document has a block of {of:?}");
    blocks
}

#[test]
fn every_block_is_of_a_kind_that_a_test_reads() {
    let blocks = blocks_of_the_project();
    let unknown: Vec<_> = blocks.iter().filter_map(|it| kind(it).err()).collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn a_block_that_no_test_reads_is_found_by_name() {
    let check = |info: &str, code: &str| {
        let document = format!("# A\n```{info}\n{code}\n```\n");
        kind(&blocks("a.md", &document).unwrap()[0])
    };
    assert_eq!(check("rust", ""), Ok(Kind::Rust));
    assert_eq!(check("toml", "# images/a.toml"), Ok(Kind::Configuration));
    for (info, code) in [
        ("", "a"),
        ("rust,ignore", "a"),
        ("console", "$ a"),
        ("yaml", "a: 1"),
        ("toml", "[guest.a]"),
        ("toml", "# .config/nextest.toml"),
    ] {
        let error = check(info, code).unwrap_err();
        assert!(error.starts_with("a.md:2: no test reads "), "{error}");
    }
}
