//! What README and the book show of this program: command lines, variables, `vm-test.toml` and
//! recipes, each read by the code that reads a user's. Which other blocks of code there are, the
//! suite `documents` knows.

use super::args::Cli;
use crate::config::{FILE, Workspace};
use crate::image::find_recipe;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use std::fs;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::ALL;
use vm_test_tests::document::{Block, blocks, blocks_of_the_project, of_the_project, spans};
use vm_test_tests::shell::{Command, commands};

/// What the names of this program's variables begin with.
const PREFIX: &str = "VM_TEST_";

/// A variable of cargo whose value is a command, to which cargo adds a test binary.
const RUNNER: &str = "_RUNNER";

/// What is wrong with a block, and how much of it was for this program.
fn check(block: &Block) -> Result<usize, String> {
    let result = match &*block.language {
        "sh" => check_script(&block.code),
        "toml" => check_file(block.file().unwrap_or_default(), &block.code),
        _ => Ok(0),
    };
    result.map_err(|error| format!("{}: {error}", block.place))
}

fn check_script(script: &str) -> Result<usize, String> {
    let mut count = 0;
    for Command { environment, words } in commands(script)? {
        for (name, value) in environment {
            if name.starts_with(PREFIX) && !ALL.contains(&&*name) {
                return Err(format!("there is no variable {name}"));
            }
            if name.ends_with(RUNNER) {
                count += check_script(&format!("{value} target/debug/deps/a"))?;
            }
        }
        if words.first().is_none_or(|program| program != "vm-test") {
            continue;
        }
        count += 1;
        match Cli::try_parse_from(&words) {
            Err(error) if error.use_stderr() => return Err(error.to_string()),
            _ => {}
        }
    }
    Ok(count)
}

fn check_file(name: &str, text: &str) -> Result<usize, String> {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    if name == FILE {
        fs::write(place.join(name), text).unwrap();
        fs::write(place.join("topo.clab.yml"), TOPOLOGY).unwrap();
        check_guests(place)?;
    } else if let Some(name) = name.strip_prefix("images/") {
        fs::create_dir(place.join("images")).unwrap();
        fs::write(place.join("images").join(name), text).unwrap();
        let image = name.trim_end_matches(".toml");
        find_recipe(image, place).map_err(|failure| failure.to_string())?;
    } else {
        return Ok(0);
    }
    Ok(1)
}

/// The file of containerlab that the page about labs uses.
const TOPOLOGY: &str = "
topology:
  nodes:
    spine1: { kind: linux, exec: [\"ip link\"] }
    leaf1: { kind: linux, image: \"quay.io/frrouting/frr:9.1\", binds: [\"a:b\"] }
    client1: { kind: linux, image: \"alpine\" }
  links:
    - endpoints: [\"spine1:eth1\", \"leaf1:eth1\"]
    - endpoints: [\"leaf1:eth2\", \"client1:eth1\"]
";

fn check_guests(directory: &Path) -> Result<(), String> {
    let workspace = Workspace::find(directory).map_err(|failure| failure.to_string())?;
    let guests = workspace
        .names()
        .map(|name| workspace.guest(name, &[]).err());
    let labs = workspace.labs().map(|name| workspace.lab(name).err());
    let failures: Vec<Option<Failure>> = guests.chain(labs).collect();
    if failures.is_empty() {
        return Err("it declares no guest".to_owned());
    }
    match failures.into_iter().flatten().next() {
        None => Ok(()),
        Some(failure) => Err(failure.to_string()),
    }
}

#[test]
fn what_the_documents_show_of_this_program_is_right() {
    let mut counts = [("sh", 0), ("toml", 0)];
    let mut wrong = Vec::new();
    for block in blocks_of_the_project() {
        match check(&block) {
            Ok(found) => {
                let mut counts = counts.iter_mut();
                if let Some((_, count)) = counts.find(|(language, _)| *language == block.language) {
                    *count += found;
                }
            }
            Err(error) => wrong.push(error),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (language, count) in counts {
        assert!(count > 0, "no block of {language} is for this program");
    }
}

/// Checks a command line within a text, which may leave out what has to be given.
fn check_span(span: &str) -> Result<usize, String> {
    let is_form = span.contains(['…', '[']);
    if !span.starts_with("vm-test ") || is_form {
        return Ok(0);
    }
    let mut count = 0;
    for Command { words, .. } in commands(span)? {
        count += 1;
        match Cli::try_parse_from(&words) {
            Err(error) if is_about_names(&error) => return Err(error.to_string()),
            _ => {}
        }
    }
    Ok(count)
}

/// Whether a command or an option does not exist.
///
/// A value may be missing, or stand for others, as in `vm-test rm ID`.
fn is_about_names(error: &clap::Error) -> bool {
    let kinds = [ErrorKind::InvalidSubcommand, ErrorKind::UnknownArgument];
    kinds.contains(&error.kind())
}

#[test]
fn the_commands_that_texts_name_exist() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for (path, document) in of_the_project() {
        for span in spans(&document) {
            match check_span(span) {
                Ok(found) => count += found,
                Err(error) => wrong.push(format!("{path}: `{span}`: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 0, "no text names a command");
}

#[test]
fn a_command_that_does_not_exist_is_found_in_a_text() {
    for right in [
        "vm-test ps",
        "vm-test rm",
        "vm-test gc --images",
        "vm-test run --memory",
        "vm-test image",
    ] {
        assert_eq!(check_span(right), Ok(1), "{right}");
    }
    for other in ["cargo x", "vm-test x…", "vm-test", "vm-test x [Y]"] {
        assert_eq!(check_span(other), Ok(0), "{other}");
    }
    for wrong in ["vm-test pss", "vm-test rm --al", "vm-test image mkae x"] {
        assert!(check_span(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_page_of_commands_has_every_command_and_no_other() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md");
    let page = fs::read_to_string(page).unwrap();
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `vm-test ")?.split(['`', ' ']).next());
    let mut rows: Vec<&str> = rows.collect();
    rows.sort_unstable();
    let program = Cli::command();
    let commands = program.get_subcommands().filter(|it| !it.is_hide_set());
    let mut names: Vec<&str> = commands.map(|command| command.get_name()).collect();
    names.sort_unstable();
    assert_eq!(rows, names);
}

#[test]
fn what_is_wrong_in_a_document_is_found() {
    let check = |text: &str| check(&blocks("a.md", text).unwrap()[0]);
    for (right, count) in [
        (
            "```sh\nls\nvm-test ps && VM_TEST_KEEP=never vm-test run host -- ls\n```",
            2,
        ),
        ("```sh\nX_RUNNER='vm-test runner host' cargo test\n```", 1),
        (
            "```toml\n# vm-test.toml\n[guest.a]\nmemory = \"1G\"\n```",
            1,
        ),
        (
            "```toml\n# vm-test.toml\n[lab.a.nodes]\nb = { guest = \"host\" }\n```",
            1,
        ),
        ("```toml\n# images/a.toml\nbase = \"host\"\n```", 1),
        ("```toml\n# Cargo.toml\nx = 1\n```", 0),
        ("```text\nvm-test x\n```", 0),
    ] {
        assert_eq!(check(right), Ok(count), "{right}");
    }
    for (wrong, words) in [
        ("```sh\nvm-test runn host\n```", "'runn'"),
        ("```sh\nvm-test run --memry 1G host -- ls\n```", "'--memry'"),
        ("```sh\nvm-test run --memory 1X host -- ls\n```", "1X"),
        (
            "```sh\nX_RUNNER='vm-test runer host' cargo test\n```",
            "'runer'",
        ),
        ("```sh\nVM_TEST_KEEPS=x cargo test\n```", "TEST_KEEPS"),
        (
            "```toml\n# vm-test.toml\n[guest.a]\nmemroy = \"1G\"\n```",
            "memroy",
        ),
        (
            "```toml\n# vm-test.toml\n[guest.a]\nkeep = \"x\"\n```",
            "keep",
        ),
        (
            "```toml\n# vm-test.toml\n[guest.a]\nextends = \"b\"\n```",
            "no guest `b`",
        ),
        (
            "```toml\n# vm-test.toml\n[lab.a.nodes]\nb = { guest = \"c\" }\n```",
            "no guest `c`",
        ),
        ("```toml\n# vm-test.toml\n```", "declares no guest"),
        ("```toml\n# images/a.toml\nbsae = \"host\"\n```", "bsae"),
    ] {
        let error = check(wrong).unwrap_err();
        assert!(error.starts_with("a.md:1: "), "{error}");
        assert!(error.contains(words), "{wrong} gave {error}");
    }
}
