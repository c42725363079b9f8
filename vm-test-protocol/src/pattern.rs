//! Path patterns, as in `export`: `*` and `?` within a name, `**` for any number of directories.
//!
//! Matches paths; the grammar belongs to the settings.

use serde::{Deserialize, Serialize};
use vm_test_settings::pattern::{self as grammar, PatternError};

/// A validated pattern of relative paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(String);

impl Pattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// If it is not valid; the error says why.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        grammar::check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// Returns whether a relative path, separated by `/`, matches.
    #[must_use]
    pub fn fits(&self, path: &str) -> bool {
        let pattern: Vec<_> = self.0.split('/').collect();
        let names: Vec<_> = path.split('/').collect();
        fits(&pattern, &names, "**", &|pattern, name| {
            let pattern: Vec<_> = pattern.chars().collect();
            let name: Vec<_> = name.chars().collect();
            fits(&pattern, &name, '*', &|pattern, c| {
                pattern == '?' || pattern == c
            })
        })
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether a sequence matches a pattern in which `any` stands for any number of elements.
///
/// Backtracks to the last `any` only, so that the time is bounded by the product of the lengths.
fn fits<T: Copy + PartialEq>(
    pattern: &[T],
    text: &[T],
    any: T,
    one: &dyn Fn(T, T) -> bool,
) -> bool {
    let (mut at, mut to) = (0, 0);
    let mut back = None;
    while to < text.len() {
        if pattern.get(at).is_some_and(|&element| element == any) {
            back = Some((at, to));
            at += 1;
        } else if pattern
            .get(at)
            .is_some_and(|&element| one(element, text[to]))
        {
            (at, to) = (at + 1, to + 1);
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            (at, to) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|&element| element == any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_within_a_name_and_two_of_them_do_not() {
        for (pattern, path, expected) in [
            ("**/*.snap.new", "a.snap.new", true),
            ("**/*.snap.new", "tests/snapshots/a.snap.new", true),
            ("**/*.snap.new", "tests/a.snap", false),
            ("*.new", "tests/a.new", false),
            ("tests/*/?.new", "tests/x/a.new", true),
            ("tests/*/?.new", "tests/x/ab.new", false),
            ("tests/**", "tests/a/b/c", true),
            ("tests/**/c", "tests/c", true),
            ("tests/**/c", "tests/a/b/d", false),
            ("a*b*c", "aXbXbc", true),
            ("a*b*c", "aXbXb", false),
            ("é?", "éü", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).unwrap().fits(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn many_stars_take_no_time() {
        let pattern = Pattern::new(&"*a".repeat(150)).unwrap();
        assert!(!pattern.fits(&("a".repeat(250) + "b")));
    }

    #[test]
    fn only_what_is_written_right_is_a_pattern() {
        assert_eq!(Pattern::new("../a"), Err(PatternError::Dots));
    }
}
