//! The grammar of patterns for workspace files; does not match anything.

use std::fmt;

/// The maximum length of a pattern, in bytes.
const LONGEST: usize = 400;

/// Why a pattern is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It is empty.
    Empty,
    /// It is longer than 400 bytes.
    Long,
    /// It is an absolute path.
    Absolute,
    /// It contains a character that is not allowed.
    Character,
    /// It has an empty component.
    NoName,
    /// It has a component `.` or `..`.
    Dots,
    /// It is below `.git`.
    Git,
    /// A `**` is only part of a component.
    Glued,
}

/// Checks a pattern.
///
/// It consists of names between `/`, with `*` and `?` within a name, and `**` for any number of
/// directories.
///
/// # Errors
/// If it is not valid; the error is the first problem found.
pub fn check(text: &str) -> Result<(), PatternError> {
    if text.is_empty() {
        return Err(PatternError::Empty);
    }
    if text.len() > LONGEST {
        return Err(PatternError::Long);
    }
    if text.starts_with('/') {
        return Err(PatternError::Absolute);
    }
    if text.contains('\\') || text.chars().any(char::is_control) {
        return Err(PatternError::Character);
    }
    text.split('/').try_for_each(|name| match name {
        "" => Err(PatternError::NoName),
        "." | ".." => Err(PatternError::Dots),
        ".git" => Err(PatternError::Git),
        "**" => Ok(()),
        _ if name.contains("**") => Err(PatternError::Glued),
        _ => Ok(()),
    })
}

/// Completes a sentence about the pattern.
impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "it is empty",
            Self::Long => "it is longer than 400 bytes",
            Self::Absolute => "it begins with `/`, and patterns start from the workspace's root",
            Self::Character => "it has a backslash or a control character",
            Self::NoName => "it has an empty name between two `/` or at its end",
            Self::Dots => "it has `.` or `..` in it",
            Self::Git => "nothing is ever written below `.git`",
            Self::Glued => "`**` stands for directories and must be alone between two `/`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stay_in_the_workspace() {
        for good in ["**/*.snap.new", "a", "tests/**", "a/?/b*", "a/**/b", "é"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(&"a".repeat(400)), Ok(()));
        for (bad, wrong) in [
            ("", PatternError::Empty),
            (&*"a".repeat(401), PatternError::Long),
            ("/a", PatternError::Absolute),
            ("a\\b", PatternError::Character),
            ("a\nb", PatternError::Character),
            ("a//b", PatternError::NoName),
            ("a/", PatternError::NoName),
            ("./a", PatternError::Dots),
            ("../a", PatternError::Dots),
            ("a/../b", PatternError::Dots),
            (".git/hooks/*", PatternError::Git),
            ("a/.git", PatternError::Git),
            ("a**", PatternError::Glued),
        ] {
            assert_eq!(check(bad), Err(wrong), "{bad:?}");
        }
    }
}
