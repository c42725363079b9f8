//! The variables of this process, each with a number in place of its value: what is compared need
//! not be told.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;

/// Returns all variables whose names are text, sorted.
pub(super) fn of_all() -> Vec<(String, u64)> {
    let named = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        // Its keys are the same in every process.
        let mut hash = DefaultHasher::new();
        value.as_bytes().hash(&mut hash);
        Some((name.into_string().ok()?, hash.finish()))
    };
    let mut all: Vec<_> = std::env::vars_os().filter_map(named).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_there_once_and_has_the_same_number_again() {
        let all = of_all();
        assert!(all.iter().any(|(name, _)| name == "PATH"));
        assert_eq!(all, of_all());
        assert!(all.is_sorted());
    }
}
