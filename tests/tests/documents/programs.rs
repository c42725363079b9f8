//! Commands of programs that are not part of this workspace. Each must be listed here, so that a
//! misspelled one is noticed.

use crate::cargo;
use crate::kinds::{Kind, all};
use crate::packages::{self, Package, root};
use vm_test_tests::document::{Block, blocks};
use vm_test_tests::shell::commands;

/// Programs whose arguments are not checked.
const OTHERS: [&str; 4] = ["apt-get", "gdb", "jq", "printf"];

/// Checks the commands of a block.
fn check(block: &Block, packages: &[Package]) -> Result<(), String> {
    let named = |error: String| format!("{}: {error}", block.place);
    for command in commands(&block.code).map_err(named)? {
        let Some((program, arguments)) = command.words.split_first() else {
            continue;
        };
        let result = match &**program {
            // Their own tests check their command lines.
            "vm-test" | "vm-test-proxy" => Ok(()),
            "cargo" => cargo::check(arguments, packages),
            other if OTHERS.contains(&other) => Ok(()),
            path if path.contains('/') && root().join(path).is_file() => Ok(()),
            other => Err(format!("no test knows the program {other}")),
        };
        result.map_err(named)?;
    }
    Ok(())
}

#[test]
fn the_commands_in_the_documents_exist() {
    let packages = packages::all();
    let blocks = all(Kind::Script);
    let wrong = blocks.iter().filter_map(|it| check(it, &packages).err());
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let packages = packages::all();
    let check = |line: &str| {
        let document = format!("```sh\n{line}\n```\n");
        check(&blocks("a.md", &document).unwrap()[0], &packages)
    };
    for right in [
        "cargo test && vm-test ps | jq .x",
        "cargo test -p vm-test-tests --test tidy -- links",
        "cargo nextest run -p firewall",
        "cargo install --locked --path vm-test-executor",
        "cargo install vm-test-executor",
        "cargo add --dev --path ../vm-test/vm-test vm-test",
        "cargo add --dev --path ../vm-test/vm-test",
        "cargo add --dev vm-test",
        "X=1 cargo llvm-cov",
        ".ci/run",
    ] {
        assert_eq!(check(right), Ok(()), "{right}");
    }
    for wrong in [
        "vmtest ps",
        ".ci/runs",
        "cargo tset",
        "cargo test --tset a",
        "cargo test -p vm-test-tests --test tydy",
        "cargo test -p vm-test-test",
        "cargo install --path vm-test-runtime",
        "cargo install vm-test",
        "cargo add --dev --path ../vm-test/vm-test-macros vm-test",
        "cargo add --dev --path vm-test",
        "cargo add --dev vm-test-runtimes",
        "cargo add --dev",
        "cargo nextest list",
        "ls 'a",
    ] {
        let error = check(wrong).unwrap_err();
        assert!(error.starts_with("a.md:1: "), "{wrong} gave {error}");
    }
}
