//! The layers of the executor, top to bottom: a module imports from its own layer and from lower ones. The agent
//! runs in a guest and stands beside them. Imports are read from the tokens of `crate::…`, `vm_test_executor::…`
//! and `super::…`, wherever they stand.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::sources::tokens;
use crate::tree::Tree;

const SOURCES: &str = "vm-test-executor/src/";

/// The modules of the host's side, top to bottom.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["daemon"],
    &["keeper"],
    &["backend"],
    &["image"],
    &["rootfs", "config"],
    &["host", "elf", "hosts", "process"],
    &["sys"],
];

/// The guest's side, which no module of the host's side may name.
const AGENT: &str = "agent";

/// What the guest's side may name besides itself.
const BELOW_AGENT: &[&str] = &["elf", "hosts", "process", "sys"];

/// The roots of the two programs, each above all modules of its own side.
const HOST_ROOT: &str = "main.rs";
const AGENT_ROOT: &str = "agent_main.rs";

/// The file that declares the modules. It names all of them.
const WIRING: &str = "lib.rs";

/// How other files of the package call it.
const CRATE_NAMES: &[&str] = &["crate", "vm_test_executor"];

pub(crate) fn upward_imports(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, content) in tree.rust().filter(|(path, _)| path.starts_with(SOURCES)) {
        let file = &path[SOURCES.len()..];
        if file == WIRING {
            continue;
        }
        match tokens(content) {
            Err(error) => violations.push(format!("{path} cannot be read as Rust: {error}")),
            Ok(tokens) => {
                let mut named = BTreeSet::new();
                collect_modules(tokens, depth_of(file), &mut named);
                let from = module_of(file);
                let upward = named.iter().filter(|to| !may_name(file, from, to));
                violations.extend(
                    upward.map(|to| format!("{path} names `{to}`, which `{from}` must not know")),
                );
            }
        }
    }
    violations
}

pub(crate) fn modules_without_layer(tree: &Tree) -> Vec<String> {
    let files = tree
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(SOURCES));
    let modules: BTreeSet<&str> = files
        .filter(|file| *file != WIRING && !is_root(file))
        .map(module_of)
        .collect();
    let table: BTreeSet<&str> = LAYERS
        .iter()
        .copied()
        .flatten()
        .copied()
        .chain([AGENT])
        .collect();
    let strange = modules
        .difference(&table)
        .map(|name| format!("the module `{name}` has no place in LAYERS"));
    let gone = table
        .difference(&modules)
        .map(|name| format!("LAYERS names `{name}`, and there is no such module"));
    strange.chain(gone).collect()
}

/// The top-level module that `file` belongs to.
fn module_of(file: &str) -> &str {
    file.split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs")
}

/// How many modules deep `file` is: 1 for `cli.rs` and `cli/mod.rs`, 2 for `cli/run.rs`, 0 for the crate's roots.
fn depth_of(file: &str) -> usize {
    if is_root(file) {
        return 0;
    }
    file.split('/').filter(|part| *part != "mod.rs").count()
}

fn is_root(file: &str) -> bool {
    [HOST_ROOT, AGENT_ROOT].contains(&file)
}

fn may_name(file: &str, from: &str, to: &str) -> bool {
    if from == AGENT || file == AGENT_ROOT {
        return to == AGENT || BELOW_AGENT.contains(&to);
    }
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    if file == HOST_ROOT {
        return layer(to).is_some();
    }
    match (layer(from), layer(to)) {
        (Some(from), Some(to)) => from <= to,
        _ => false,
    }
}

/// Adds to `named` the top-level name behind every path from the crate's root in `tokens`, which stand in a module
/// `depth` levels below that root.
fn collect_modules(tokens: TokenStream, depth: usize, named: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => {
                let is_module = at >= 2 && is_word(&tokens[at - 2], "mod");
                collect_modules(group.stream(), depth + usize::from(is_module), named);
            }
            TokenTree::Ident(word) if is_path_start(&tokens, at) => {
                if CRATE_NAMES.iter().any(|name| word == name) {
                    first_names(&tokens[at + 1..], named);
                } else if is_super(&tokens, at) {
                    let supers = (1..)
                        .find(|step| !is_super(&tokens, at + 3 * step))
                        .unwrap_or(1);
                    if supers >= depth {
                        first_names(&tokens[at + 3 * supers - 2..], named);
                    }
                    at += 3 * (supers - 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Whether the word at `at` begins a path, rather than being a later part of one.
fn is_path_start(tokens: &[TokenTree], at: usize) -> bool {
    at < 2 || !is_colons(&tokens[at - 2..])
}

fn is_super(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| is_word(token, "super"))
        && is_colons(tokens.get(at + 1..).unwrap_or_default())
}

fn is_word(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == text)
}

fn is_colons(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    tokens.len() >= 2 && tokens[..2].iter().all(is_colon)
}

/// The name, or the names in braces, that follow `::` at the beginning of `tokens`.
fn first_names(tokens: &[TokenTree], named: &mut BTreeSet<String>) {
    if !is_colons(tokens) {
        return;
    }
    match tokens.get(2) {
        Some(TokenTree::Ident(word)) => {
            named.insert(word.to_string());
        }
        Some(TokenTree::Group(group)) => {
            let parts: Vec<TokenTree> = group.stream().into_iter().collect();
            let is_comma =
                |part: &TokenTree| matches!(part, TokenTree::Punct(mark) if mark.as_char() == ',');
            let first = parts.split(is_comma).filter_map(|part| part.first());
            named.extend(first.map(TokenTree::to_string));
        }
        // A glob takes in every module at once.
        Some(other) => {
            named.insert(other.to_string());
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(file: &str, content: &str) -> Vec<String> {
        upward_imports(&Tree::planted(&[(&format!("{SOURCES}{file}"), content)]))
    }

    #[test]
    fn an_import_from_a_lower_layer_is_allowed() {
        for content in [
            "use crate::sys::lxc;",
            "use crate::{config::File, keeper};",
            "use super::super::backend;",
        ] {
            assert_eq!(violations("daemon/pool.rs", content), [""; 0], "{content}");
        }
        assert_eq!(
            violations("agent/mod.rs", "use crate::sys::signals;"),
            [""; 0]
        );
        assert_eq!(
            violations("main.rs", "fn main() { vm_test_executor::keeper::main() }"),
            [""; 0]
        );
    }

    #[test]
    fn an_upward_import_is_found_in_every_spelling() {
        for content in [
            "use crate::daemon::Pool;",
            "use crate::{sys, daemon::Pool};",
            "fn f() { crate::daemon::start() }",
            "fn f() { g(crate::daemon::X) }",
            "use super::super::daemon;",
            "use super::super::{sys, daemon};",
            "mod tests { use super::super::super::daemon; }",
            "use vm_test_executor::daemon;",
        ] {
            assert_eq!(violations("keeper/world.rs", content).len(), 1, "{content}");
        }
        assert_eq!(violations("keeper.rs", "use super::daemon;").len(), 1);
        assert_eq!(violations("keeper/mod.rs", "use super::daemon;").len(), 1);
        assert_eq!(violations("keeper/mod.rs", "use crate::*;").len(), 1);
    }

    #[test]
    fn a_relative_import_within_a_module_is_none_of_the_layers_business() {
        for content in [
            "use super::daemon;",
            "mod tests { use super::*; use super::super::daemon; }",
            "// crate::daemon",
            "pub(super) fn f() {}",
        ] {
            assert_eq!(violations("keeper/world.rs", content), [""; 0], "{content}");
        }
    }

    #[test]
    fn the_two_sides_do_not_name_each_other() {
        assert_eq!(
            violations("agent/run.rs", "use crate::keeper::World;").len(),
            1
        );
        assert_eq!(
            violations("keeper/world.rs", "use crate::agent::Run;").len(),
            1
        );
        assert_eq!(
            violations("sys/mount.rs", "use crate::agent::Run;").len(),
            1
        );
        assert_eq!(
            violations("agent_main.rs", "use vm_test_executor::cli;").len(),
            1
        );
        assert_eq!(
            violations("main.rs", "use vm_test_executor::agent;").len(),
            1
        );
    }

    #[test]
    fn a_module_without_a_layer_and_a_layer_without_a_module_are_found() {
        let found = modules_without_layer(&Tree::planted(&[
            ("vm-test-executor/src/lib.rs", ""),
            ("vm-test-executor/src/main.rs", ""),
            ("vm-test-executor/src/stranger/mod.rs", ""),
            ("vm-test-executor/src/sys/mod.rs", ""),
        ]));
        assert!(
            found.contains(&"the module `stranger` has no place in LAYERS".to_owned()),
            "{found:?}"
        );
        assert!(
            found.contains(&"LAYERS names `cli`, and there is no such module".to_owned()),
            "{found:?}"
        );
        assert!(
            !found
                .iter()
                .any(|line| line.contains("`sys`") || line.contains("`main`")),
            "{found:?}"
        );
    }
}
