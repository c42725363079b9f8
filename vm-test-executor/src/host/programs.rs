//! The programs of this host that keepers start. Starts none.

use std::path::{Path, PathBuf};

/// The directories in which a keeper looks for programs.
const DIRECTORIES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Returns the path of a program, if it is installed.
#[must_use]
pub fn find(name: &str) -> Option<PathBuf> {
    let paths = DIRECTORIES.iter().map(|dir| Path::new(dir).join(name));
    paths.into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_program_is_found_where_keepers_look() {
        assert!(super::find("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(super::find("no-such-program"), None);
    }
}
