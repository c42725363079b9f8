//! The directories of the host that a guest needs for a test, without symbolic links in their paths, as
//! the plan of its files and the search for credentials need them. Shares none.

use std::path::{Path, PathBuf};

/// Returns those of these directories that exist.
pub(super) fn shared(paths: &[String]) -> Vec<PathBuf> {
    let paths = paths.iter().map(Path::new);
    paths.filter_map(|path| path.canonicalize().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_directory_that_is_named_by_a_link_has_its_own_path_and_a_missing_one_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("real/inner")).unwrap();
        symlink("real", top.join("link")).unwrap();
        let named = ["real", "link/inner", "missing", "link/../real"];
        let named = named.map(|path| top.join(path).to_string_lossy().into_owned());
        let expected = ["real", "real/inner", "real"].map(|path| top.join(path));
        assert_eq!(shared(&named), expected);
    }
}
