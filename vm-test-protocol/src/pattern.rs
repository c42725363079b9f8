//! Path patterns, as in `export`: `*` and `?` within a name, `**` for any number of directories. Pure text.

use serde::{Deserialize, Serialize};

/// A longer pattern is refused.
const LONGEST: usize = 400;

/// A pattern of relative paths, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern(String);

impl Pattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn new(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("it is empty");
        }
        if text.len() > LONGEST {
            return Err("it is longer than 400 bytes");
        }
        if text.starts_with('/') {
            return Err("it begins with `/`, and patterns start from the workspace's root");
        }
        if text.contains('\\') || text.chars().any(char::is_control) {
            return Err("it has a backslash or a control character");
        }
        for name in text.split('/') {
            match name {
                "" => return Err("it has an empty name between two `/` or at its end"),
                "." | ".." => return Err("it has `.` or `..` in it"),
                ".git" => return Err("nothing is ever written below `.git`"),
                "**" => {}
                _ if name.contains("**") => {
                    return Err("`**` stands for directories and must be alone between two `/`");
                }
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether a relative path fits, with `/` between its names.
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

/// Whether a sequence fits a pattern in which `any` stands for any number of elements. Goes back to the last `any` only,
/// so that the time is bounded by the product of the lengths.
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
    fn patterns_that_lead_out_or_nowhere_are_refused() {
        for text in [
            "",
            "/a",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".git/hooks/*",
            "a**",
            "a\\b",
            "a\nb",
        ] {
            assert!(Pattern::new(text).is_err(), "{text:?}");
        }
        assert!(Pattern::new(&"a".repeat(401)).is_err());
    }
}
