//! What one Rust file imports, read from its tokens: every `use`, every path through modules, and
//! the names that the file defines. Unit tests are left out. It does not know where a path leads.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The words before the name of an item that the file defines.
const DEFINING: &[&str] = &[
    "const", "enum", "fn", "static", "struct", "trait", "type", "union",
];

/// The content of one module: a file, or a `mod name { … }` in it.
#[derive(Default)]
pub(crate) struct Module {
    /// The names of the inline modules around it, from the file inwards.
    pub(crate) within: Vec<String>,
    pub(crate) uses: Vec<Use>,
    /// The paths in its code, outside of a `use`.
    pub(crate) paths: BTreeSet<Vec<String>>,
    pub(crate) defined: BTreeSet<String>,
    /// The modules of unit tests in separate files.
    pub(crate) tests: BTreeSet<String>,
}

/// One name that a `use` imports.
pub(crate) struct Use {
    /// The whole path; its last component is `*` for everything in a module.
    pub(crate) path: Vec<String>,
    /// The name in this file.
    pub(crate) name: String,
    /// Whether others can import it from here.
    pub(crate) is_public: bool,
}

/// Returns the modules of a file, the file itself first.
pub(crate) fn read(tokens: TokenStream) -> Vec<Module> {
    let mut modules = vec![Module::default()];
    read_into(&mut modules, 0, tokens, true);
    modules
}

fn read_into(modules: &mut Vec<Module>, current: usize, tokens: TokenStream, defines: bool) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if is_for_tests(rest) {
            let length = length_of_item(&rest[2..]);
            let item = &rest[2..2 + length];
            if let Some(name) = declared_module(item) {
                modules[current].tests.insert(name);
            }
            at += 2 + length;
            continue;
        }
        match rest {
            [TokenTree::Ident(word), next, ..] if word == "use" && !is_mark(next, '<') => {
                let end = rest.iter().position(|token| is_mark(token, ';'));
                let tree = &rest[1..end.unwrap_or(rest.len())];
                expand(
                    tree,
                    &[],
                    is_public(&tokens[..at]),
                    &mut modules[current].uses,
                );
                at += tree.len() + 1;
            }
            [
                TokenTree::Ident(word),
                TokenTree::Ident(name),
                TokenTree::Group(body),
                ..,
            ] if word == "mod" => {
                let mut within = modules[current].within.clone();
                within.push(name.to_string());
                modules.push(Module {
                    within,
                    ..Module::default()
                });
                let inner = modules.len() - 1;
                read_into(modules, inner, body.stream(), true);
                at += 2;
            }
            [TokenTree::Ident(word), TokenTree::Ident(name), ..]
                if defines && DEFINING.iter().any(|defining| word == defining) =>
            {
                modules[current].defined.insert(name.to_string());
            }
            [TokenTree::Ident(word), mark, TokenTree::Ident(name), ..]
                if defines && word == "macro_rules" && is_mark(mark, '!') =>
            {
                modules[current].defined.insert(name.to_string());
            }
            [TokenTree::Ident(_), ..] => {
                let path = path_at(rest);
                if path.len() > 1 {
                    at += 3 * (path.len() - 1);
                    modules[current].paths.insert(path);
                }
            }
            [TokenTree::Group(group), ..] => {
                read_into(modules, current, group.stream(), false);
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns whether `#[cfg(test)]` is here.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let [mark, TokenTree::Group(attribute), ..] = tokens else {
        return false;
    };
    is_mark(mark, '#') && attribute.to_string().replace(' ', "") == "[cfg(test)]"
}

/// Returns how many tokens the item at the beginning has, up to its `;` or its last brace.
fn length_of_item(tokens: &[TokenTree]) -> usize {
    let is_use = tokens
        .iter()
        .take_while(|token| !is_mark(token, ';'))
        .any(|token| is_word(token, "use"));
    let is_end = |token: &TokenTree| {
        is_mark(token, ';')
            || matches!(token, TokenTree::Group(group) if !is_use && group.delimiter() == Delimiter::Brace)
    };
    let end = tokens.iter().position(is_end);
    end.map_or(tokens.len(), |end| end + 1)
}

/// Returns the module that the item declares without a body.
fn declared_module(item: &[TokenTree]) -> Option<String> {
    item.windows(3).find_map(|tokens| match tokens {
        [word, TokenTree::Ident(name), end] if is_word(word, "mod") && is_mark(end, ';') => {
            Some(name.to_string())
        }
        _ => None,
    })
}

/// Returns whether `pub` or `pub(…)` precedes the rest.
fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., word] if is_word(word, "pub") => true,
        [.., word, TokenTree::Group(_)] => is_word(word, "pub"),
        _ => false,
    }
}

/// Adds to `uses` every name that the tree of a `use` imports.
fn expand(tree: &[TokenTree], before: &[String], is_public: bool, uses: &mut Vec<Use>) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut is_renamed = false;
    for token in tree {
        match token {
            TokenTree::Ident(word) if word == "as" => is_renamed = true,
            TokenTree::Ident(word) if is_renamed => name = Some(word.to_string()),
            TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == '*' => path.push("*".to_owned()),
            TokenTree::Group(group) => {
                let parts: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in parts.split(|token| is_mark(token, ',')) {
                    expand(part, &path, is_public, uses);
                }
                return;
            }
            _ => {}
        }
    }
    if let Some(last) = path.last().filter(|_| !tree.is_empty()) {
        uses.push(Use {
            name: name.unwrap_or_else(|| last.clone()),
            path,
            is_public,
        });
    }
}

/// Returns the components of the path at the beginning; a single one if it is not a path.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [TokenTree::Ident(word), after @ ..] = rest {
        path.push(word.to_string());
        match after {
            [first, second, next @ ..] if is_mark(first, ':') && is_mark(second, ':') => {
                rest = next;
            }
            _ => break,
        }
    }
    path
}

fn is_word(token: &TokenTree, text: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == text)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}
