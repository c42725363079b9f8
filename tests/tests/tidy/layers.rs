//! The layers of the executor and the storeys of its larger modules, top to bottom: a module
//! imports from its own layer and from lower ones. Imports are read from the tokens of `crate::…`,
//! `vm_test_executor::…` and `super::…`, wherever they stand. What is below all of them, and the
//! agent, are crates of their own, which cargo keeps apart.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};

use crate::sources::tokens;
use crate::tree::Tree;

const SOURCES: &str = "vm-test-executor/src/";

/// The modules, top to bottom.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["daemon"],
    &["keeper"],
    &["backend"],
    &["image"],
    &["rootfs", "config"],
    &["host", "proxy", "sync"],
];

/// The modules that are divided into storeys, and these, top to bottom.
const STOREYS: &[(&str, &[&[&str]])] = &[("daemon", DAEMON), ("image", IMAGE)];

/// The process, its socket, who may have an instance, what it needs before it starts, the instance,
/// and what all of them use.
const DAEMON: &[&[&str]] = &[
    &["start"],
    &["sweep"],
    &["listener"],
    &["lease"],
    &["prepare"],
    &["instance"],
    &["environment", "files", "gate", "log", "regular"],
];

/// Operations on whole images, the parts that make something and keep it in the store, the store,
/// and operations on file trees that do not know the store.
const IMAGE: &[&[&str]] = &[
    &["collection", "export", "verification"],
    &["build"],
    &["import"],
    &["machine"],
    &["payload"],
    &["store"],
    &["registry"],
    &["recipe"],
    &["inside"],
    &["archive"],
    &["boot"],
    &["layer"],
];

/// The root of the program `vm-test`, above all modules.
const HOST_ROOT: &str = "main.rs";

/// The root of the program `vm-test-agent`, which has no module here.
const AGENT_ROOT: &str = "agent_main.rs";

/// The root of the program `vm-test-proxy`, which has no module here either.
const PROXY_ROOT: &str = "proxy_main.rs";

/// The file that declares the modules, and therefore names all of them.
const WIRING: &str = "lib.rs";

/// How other files of the package refer to it.
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
                let mut complain =
                    |from: &str, upward: BTreeSet<String>| {
                        violations.extend(upward.iter().map(|to| {
                            format!("{path} names `{to}`, which `{from}` must not know")
                        }));
                    };
                let from = module_of(file);
                let mut named = named_in(tokens.clone(), file, &[]);
                named.retain(|to| !may_name(file, from, to));
                complain(from, named);
                for (module, storeys) in STOREYS {
                    if let Some(from) = storey_of(file, module) {
                        let mut named = named_in(tokens.clone(), file, &[module]);
                        named.retain(|to| !is_at_or_below(storeys, from, to));
                        complain(from, named);
                    }
                }
            }
        }
    }
    violations
}

pub(crate) fn modules_without_layer(tree: &Tree) -> Vec<String> {
    let files = tree
        .iter()
        .filter_map(|(path, _)| path.strip_prefix(SOURCES));
    let files: Vec<&str> = files
        .filter(|file| *file != WIRING && !is_root(file))
        .collect();
    let layers = files.iter().map(|file| module_of(file)).collect();
    let mut violations = compare("LAYERS", LAYERS, &layers);
    for (module, storeys) in STOREYS {
        let name = format!("the STOREYS of `{module}`");
        let found = files.iter().filter_map(|file| storey_of(file, module));
        violations.extend(compare(&name, storeys, &found.collect()));
    }
    violations
}

/// Returns the modules that are missing in a table, and the entries that are not modules.
fn compare(name: &str, table: &[&[&'static str]], modules: &BTreeSet<&str>) -> Vec<String> {
    let places: BTreeSet<&str> = table.iter().copied().flatten().copied().collect();
    let strange = modules
        .difference(&places)
        .map(|module| format!("the module `{module}` has no place in {name}"));
    let gone = places
        .difference(modules)
        .map(|module| format!("there is no module `{module}`, which {name} name"));
    strange.chain(gone).collect()
}

/// Returns the storey of `module` that `file` belongs to; `None` for a file of another module, and
/// for the one that declares the storeys.
fn storey_of<'a>(file: &'a str, module: &str) -> Option<&'a str> {
    let below = file.strip_prefix(module)?.strip_prefix('/')?;
    (below != "mod.rs").then(|| module_of(below))
}

/// Returns the top-level module of `file`.
fn module_of(file: &str) -> &str {
    file.split('/')
        .next()
        .unwrap_or(file)
        .trim_end_matches(".rs")
}

/// Returns the depth of `file`: 1 for `cli.rs` and `cli/mod.rs`, 2 for `cli/run.rs`, 0 for the
/// crate's roots.
fn depth_of(file: &str) -> usize {
    if is_root(file) {
        return 0;
    }
    file.split('/').filter(|part| *part != "mod.rs").count()
}

fn is_root(file: &str) -> bool {
    [HOST_ROOT, AGENT_ROOT, PROXY_ROOT].contains(&file)
}

fn may_name(file: &str, from: &str, to: &str) -> bool {
    if file == HOST_ROOT {
        return LAYERS.iter().any(|layer| layer.contains(&to));
    }
    is_at_or_below(LAYERS, from, to)
}

/// Returns whether `to` is in the row of `from`, or in a lower one.
fn is_at_or_below(table: &[&[&str]], from: &str, to: &str) -> bool {
    let row = |name: &str| table.iter().position(|row| row.contains(&name));
    match (row(from), row(to)) {
        (Some(from), Some(to)) => from <= to,
        _ => false,
    }
}

/// Returns the modules directly below `within` that are named in `file`, which is `within` or below
/// it.
fn named_in(tokens: TokenStream, file: &str, within: &[&str]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    collect_modules(tokens, depth_of(file), within, &mut named);
    named
}

/// Adds to `named` the name after `within` in every path in `tokens`, which are in a module `depth`
/// levels below the crate's root.
fn collect_modules(
    tokens: TokenStream,
    depth: usize,
    within: &[&str],
    named: &mut BTreeSet<String>,
) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => {
                let is_module = at >= 2 && is_word(&tokens[at - 2], "mod");
                collect_modules(
                    group.stream(),
                    depth + usize::from(is_module),
                    within,
                    named,
                );
            }
            TokenTree::Ident(word) if is_path_start(&tokens, at) => {
                if CRATE_NAMES.iter().any(|name| word == name) {
                    first_names(&tokens[at + 1..], within, named);
                } else if is_super(&tokens, at) {
                    let supers = (1..)
                        .find(|step| !is_super(&tokens, at + 3 * step))
                        .unwrap_or(1);
                    // The path continues this many levels below the root.
                    let left = depth.saturating_sub(supers);
                    if let Some(within) = within.get(left..) {
                        first_names(&tokens[at + 3 * supers - 2..], within, named);
                    }
                    at += 3 * (supers - 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns whether the word at `at` begins a path, instead of being a later component.
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

/// Adds the name, or the names in braces, that follow `::` and the modules of `within` at the
/// beginning of `tokens`.
fn first_names(tokens: &[TokenTree], within: &[&str], named: &mut BTreeSet<String>) {
    if !is_colons(tokens) {
        return;
    }
    match tokens.get(2) {
        Some(TokenTree::Group(group)) => {
            let parts: Vec<TokenTree> = group.stream().into_iter().collect();
            let is_comma =
                |part: &TokenTree| matches!(part, TokenTree::Punct(mark) if mark.as_char() == ',');
            for part in parts.split(is_comma) {
                first_name(part, within, named);
            }
        }
        Some(_) => first_name(&tokens[2..], within, named),
        None => {}
    }
}

/// Does the same for one path, whose first name is at the beginning of `tokens`.
///
/// A glob imports every module at once.
fn first_name(tokens: &[TokenTree], within: &[&str], named: &mut BTreeSet<String>) {
    match (tokens.first(), within) {
        (Some(name), []) => drop(named.insert(name.to_string())),
        (Some(name), [module, deeper @ ..]) if is_word(name, module) => {
            first_names(&tokens[1..], deeper, named);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
