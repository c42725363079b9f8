//! Blocks of Rust, compiled as tests of a crate that depends on vm-test as a user's crate does.
//! None is run.

use crate::kinds::{Kind, all};
use crate::packages::{self, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::document::{Block, blocks};
use vm_test_tests::streams::text_of;

/// What blocks may use without importing it.
const PRELUDE: &str = "pub fn http_get(_url: &str) -> String {\n    unreachable!()\n}\n";

/// The crates that blocks may use.
const CRATES: [&str; 3] = ["vm-test", "firewall", "gateway"];

/// Compiles blocks, each as a module that is named after its place.
fn compile(blocks: &[Block]) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory");
    let package = directory.path();
    let modules = package.join("tests/blocks");
    fs::create_dir_all(&modules).unwrap();
    fs::create_dir(package.join("src")).unwrap();
    fs::write(package.join("src/lib.rs"), "").unwrap();
    fs::write(package.join("Cargo.toml"), manifest()).unwrap();
    // The versions with which this workspace was built are available without a network.
    fs::copy(root().join("Cargo.lock"), package.join("Cargo.lock")).unwrap();
    fs::write(modules.join("prelude.rs"), PRELUDE).unwrap();
    let mut main = "#![allow(warnings)]\nmod prelude;\n".to_owned();
    for block in blocks {
        let name = block.place.replace(|it: char| !it.is_alphanumeric(), "_");
        main += &format!("mod {name};\n");
        // On the same line, so that the line numbers in the compiler's messages are those of the
        // block.
        let code = format!("use crate::prelude::*; {}", block.code);
        fs::write(modules.join(name + ".rs"), code).unwrap();
    }
    // Tests are made for the guests of a group as a document declares it.
    let declares = |block: &Block| block.code.contains("[groups]");
    let groups = all(Kind::Configuration).into_iter().find(declares);
    let groups = groups.map_or_else(String::new, |block| block.code);
    fs::write(package.join("vm-test.toml"), groups).unwrap();
    fs::write(modules.join("main.rs"), main).unwrap();
    let output = Command::new("cargo")
        .args(["check", "--quiet", "--tests", "--offline"])
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(package)
        .output()
        .expect("cargo starts");
    if output.status.success() {
        Ok(())
    } else {
        Err(text_of(&output))
    }
}

fn manifest() -> String {
    let packages = packages::all();
    let lines = CRATES.map(|name| {
        let package = packages.iter().find(|package| package.name == name);
        let package = package.unwrap_or_else(|| panic!("there is no package {name}"));
        let path = root().join(&package.directory);
        let features = if name == "vm-test" { "\"faults\"" } else { "" };
        format!("{name} = {{ path = {path:?}, features = [{features}] }}\n")
    });
    format!(
        "[package]\nname = \"blocks\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dev-dependencies]\n{}[workspace]\n",
        lines.concat()
    )
}

/// Returns the target directory of fixtures, which depend on the same crates.
fn target() -> PathBuf {
    let exe = std::env::current_exe().expect("the path of this test binary");
    let target = exe.ancestors().nth(3).expect("a target directory");
    target.join("fixtures")
}

/// Returns whether a block is quoted from a file of the crate that its document belongs to.
///
/// Such a block is compiled with the crate.
fn is_quoted(block: &Block) -> bool {
    let document = block.place.split(':').next().unwrap_or_default();
    let directory = Path::new(document).parent().unwrap_or(Path::new(""));
    let crate_root = root().join(directory);
    if directory == Path::new("") || !crate_root.join("Cargo.toml").is_file() {
        return false;
    }
    ["src", "tests"].iter().any(|folder| {
        let files = fs::read_dir(crate_root.join(folder)).into_iter().flatten();
        let mut contents = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
        contents.any(|content| content.contains(&block.code))
    })
}

#[test]
fn the_rust_in_the_documents_compiles() {
    let mut blocks = all(Kind::Rust);
    blocks.retain(|block| !is_quoted(block));
    assert!(!blocks.is_empty(), "nothing is compiled");
    compile(&blocks).unwrap_or_else(|error| {
        panic!("each file in tests/blocks has the document and the line in its name\n{error}")
    });
}

#[test]
fn rust_that_does_not_compile_is_found_by_its_place() {
    let document = "```rust\n#[test]\nfn right() {}\n```\n\n```rust\nuse vm_test::on_vm;\n\n\
        #[on_vm(memroy = \"1G\")]\n#[test]\nfn wrong_key() {}\n```\n\n```rust\n#[vm_test::on_vm]\n\
        #[test]\nfn wrong_body() {\n    let number: u8 = \"\";\n}\n```\n";
    let error = compile(&blocks("docs/a.md", document).unwrap()).unwrap_err();
    assert!(!error.contains("docs_a_md_1.rs"), "{error}");
    assert!(error.contains("tests/blocks/docs_a_md_6.rs:3:9"), "{error}");
    assert!(error.contains("did you mean `memory`?"), "{error}");
    assert!(error.contains("docs_a_md_14.rs:4:22"), "{error}");
}
