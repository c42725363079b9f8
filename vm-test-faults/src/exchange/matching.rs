//! Which exchanges a rule is for: by the request's name, and by how many of that name there were.
//! It keeps no count itself.

/// Which of the exchanges with a matching name are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    #[default]
    All,
    /// The first so many.
    First(u64),
    /// Each one whose number is a multiple of this.
    Every(u64),
    /// The one with this number, from 1.
    Only(u64),
}

impl Which {
    /// Returns whether the exchange with this number, from 1, is meant.
    pub(super) fn means(self, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::First(count) => number <= count,
            Self::Every(step) => number.is_multiple_of(step),
            Self::Only(only) => number == only,
        }
    }
}

/// Names of requests: `SET`, `GET /path`, `GET /api/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    /// Returns the pattern that `text` means.
    ///
    /// A name matches if it is equal to `text`, or if `text` is its first word, or if `text` ends
    /// with `*` and the name begins with what is before it. Capital and small letters are the
    /// same.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns whether a request with this name is meant.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        if let Some(beginning) = self.0.strip_suffix('*') {
            let name = name.as_bytes().get(..beginning.len());
            return name.is_some_and(|name| name.eq_ignore_ascii_case(beginning.as_bytes()));
        }
        let first_word = name.split(' ').next().unwrap_or(name);
        self.0.eq_ignore_ascii_case(name) || self.0.eq_ignore_ascii_case(first_word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_counted_from_one() {
        let meant = |which: Which| (1..=10).filter(|at| which.means(*at)).collect::<Vec<u64>>();
        assert_eq!(meant(Which::First(3)), [1, 2, 3]);
        assert_eq!(meant(Which::Every(4)), [4, 8]);
        assert_eq!(meant(Which::Only(7)), [7]);
        assert_eq!(meant(Which::All).len(), 10);
        assert_eq!(meant(Which::Every(0)), [0; 0]);
    }

    #[test]
    fn a_name_matches_whole_by_its_first_word_or_by_its_beginning() {
        let matches = |pattern: &str, name| NamePattern::new(pattern).matches(name);
        assert!(matches("set", "SET"));
        assert!(matches("GET", "GET /path"));
        assert!(matches("GET /path", "GET /path"));
        assert!(matches("GET /a*", "get /api/1"));
        assert!(matches("*", "anything"));
        assert!(!matches("SET", "SETNX"));
        assert!(!matches("GET /path", "GET /path/more"));
        assert!(!matches("GET /api*", "GET /"));
        assert!(!matches("é*", "e"));
    }
}
