//! Aliases of modules, from the index `modules.alias`.
//!
//! Implements shell patterns; looks for no files.

use super::name::name_of;

/// Alias patterns, with the modules that have them.
#[derive(Debug, Default)]
pub(super) struct Aliases(Vec<(String, String)>);

impl Aliases {
    pub(super) fn parse(index: &str) -> Self {
        let aliases = index.lines().filter_map(|line| {
            let words = line.strip_prefix("alias ")?.trim();
            let (pattern, module) = words.rsplit_once(char::is_whitespace)?;
            Some((with_one_dash(pattern.trim()), name_of(module)))
        });
        Self(aliases.collect())
    }

    /// Returns the modules that have this alias.
    pub(super) fn modules(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = with_one_dash(name);
        let has = move |pattern: &str| matches(pattern.as_bytes(), name.as_bytes());
        self.0
            .iter()
            .filter(move |(pattern, _)| has(pattern))
            .map(|(_, module)| module.as_str())
    }
}

/// Replaces `-` by `_`, as modprobe does, except in a pattern's brackets.
fn with_one_dash(name: &str) -> String {
    let mut is_in_brackets = false;
    let dashed = name.chars().map(|c| {
        is_in_brackets = c == '[' || (is_in_brackets && c != ']');
        if c == '-' && !is_in_brackets { '_' } else { c }
    });
    dashed.collect()
}

/// Returns whether a name matches a pattern of `*`, `?` and `[…]`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
        (Some((b'?', rest)), Some((_, after))) => matches(rest, after),
        (Some((b'[', rest)), Some((first, after))) => {
            let Some(end) = rest.iter().position(|&byte| byte == b']') else {
                return false;
            };
            is_among(*first, &rest[..end]) && matches(&rest[end + 1..], after)
        }
        (Some((own, rest)), Some((first, after))) => own == first && matches(rest, after),
        _ => false,
    }
}

/// Returns whether a byte is in a bracket set, such as `0-9a-f`.
fn is_among(byte: u8, set: &[u8]) -> bool {
    match set {
        [from, b'-', to, rest @ ..] => (*from..=*to).contains(&byte) || is_among(byte, rest),
        [own, rest @ ..] => *own == byte || is_among(byte, rest),
        [] => false,
    }
}
