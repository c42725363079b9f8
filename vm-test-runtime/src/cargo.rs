//! Where cargo puts its build output, and which workspace it built. Reads directories and the
//! environment that cargo sets for the programs it starts; does not run cargo, which would cost
//! more than a test.

use std::path::{Component, Path, PathBuf};
use vm_test_protocol::harvest::CARGOS_FILES;

/// The variable in which cargo and nextest list the directories of what they have built, besides
/// directories of libraries.
const SEARCH_PATH: &str = "LD_LIBRARY_PATH";

/// The name of the directory with test binaries, in that of their profile.
const DEPENDENCIES: &str = "deps";

/// How far below a directory of cargo's a test binary may be.
const DEEPEST: usize = 8;

/// Returns the directory for a test binary's results: cargo's target directory.
///
/// This is not the directory of the binary if `build.build-dir` names another one. The target
/// directory of coverage is inside the usual one.
#[must_use]
pub fn target(binary: &Path) -> Option<PathBuf> {
    let named = profile_of_artifacts(binary, &search_path()).and_then(|dir| root_of(&dir));
    let target = named.or_else(|| built_in(binary).map(Path::to_path_buf))?;
    let is_of_coverage = target.file_name().is_some_and(|it| it == "llvm-cov-target");
    let outer = target.parent().filter(|_| is_of_coverage);
    Some(outer.unwrap_or(&target).to_path_buf())
}

/// Returns the directories of cargo's that a test binary uses: its own, that of the package's
/// programs, and `CARGO_TARGET_TMPDIR`, which is known only at compile time.
#[must_use]
pub fn directories(binary: &Path) -> Vec<PathBuf> {
    directories_by(binary, &search_path())
}

fn directories_by(binary: &Path, search_path: &[PathBuf]) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    if let Some(dir) = binary.parent() {
        // In target/PROFILE/deps: the package's programs are one level higher.
        let profile = dir.parent().filter(|_| dir.ends_with(DEPENDENCIES));
        directories.push(profile.unwrap_or(dir).to_path_buf());
    }
    directories.extend(profile_of_artifacts(binary, search_path));
    directories.extend(built_in(binary).map(|dir| dir.join("tmp")));
    directories.retain(|dir| dir.is_dir());
    directories
}

/// Whether a directory is one that cargo builds in, by [`CARGOS_FILES`].
#[must_use]
pub fn is_cargos(directory: &Path) -> bool {
    CARGOS_FILES
        .iter()
        .any(|name| directory.join(name).is_file())
}

/// Returns the root of the workspace that a package belongs to.
///
/// `relative` is its path from the package's directory when the package was compiled, if known.
#[must_use]
pub fn workspace(manifest_dir: &Path, relative: Option<&str>) -> PathBuf {
    let compiled = relative.map(|relative| join(manifest_dir, Path::new(relative)));
    compiled
        .filter(|root| root.join("Cargo.toml").is_file())
        .or_else(|| {
            let root = manifest_dir
                .ancestors()
                .find(|dir| dir.join("Cargo.lock").is_file());
            root.map(Path::to_path_buf)
        })
        .unwrap_or_else(|| manifest_dir.to_path_buf())
}

/// Appends a path to a directory, taking `..` as the directory above.
fn join(directory: &Path, relative: &Path) -> PathBuf {
    let mut path = directory.to_path_buf();
    for part in relative.components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}

/// Returns the directory in which cargo has built a binary.
fn built_in(binary: &Path) -> Option<&Path> {
    let above = binary.ancestors().skip(1).take(DEEPEST);
    above.into_iter().find(|dir| is_cargos(dir))
}

/// Returns the directory of the profile with a package's programs.
///
/// Cargo lists it before the directory of the binary; later entries may be of another cargo that
/// has started this one.
fn profile_of_artifacts(binary: &Path, search_path: &[PathBuf]) -> Option<PathBuf> {
    let own = search_path.iter().position(|dir| binary.starts_with(dir))?;
    let named = search_path[..=own].iter().rev();
    named
        .filter(|dir| !dir.ends_with(DEPENDENCIES))
        .find(|dir| {
            dir.join(".cargo-lock").is_file() || root_of(dir).is_some_and(|it| is_cargos(&it))
        })
        .cloned()
}

/// Returns cargo's directory that contains one of a profile: PROFILE or TRIPLE/PROFILE. Cargo tags
/// it, unless it existed before.
fn root_of(profile: &Path) -> Option<PathBuf> {
    let above = profile.ancestors().skip(1).take(2);
    let tagged = above.into_iter().find(|dir| is_cargos(dir));
    tagged.or_else(|| profile.parent()).map(Path::to_path_buf)
}

fn search_path() -> Vec<PathBuf> {
    let value = std::env::var_os(SEARCH_PATH).unwrap_or_default();
    std::env::split_paths(&value)
        .filter(|dir| dir.is_absolute())
        .filter_map(|dir| dir.canonicalize().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Makes files and their directories.
    fn make(root: &Path, files: &[&str]) {
        for file in files {
            let file = root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
    }

    fn paths(root: &Path, names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(|name| root.join(name)).collect()
    }

    /// The files, the search path, the directories found, and where results belong.
    type Row = (
        &'static [&'static str],
        &'static [&'static str],
        &'static [&'static str],
        &'static str,
    );

    #[test]
    fn programs_and_temporary_files_are_found_wherever_cargo_builds() {
        let rows: [Row; 4] = [
            (
                &[
                    "t/CACHEDIR.TAG",
                    "t/debug/.cargo-lock",
                    "t/debug/deps/x",
                    "t/tmp/y",
                ],
                &["t/debug", "t/debug/deps"],
                &["t/debug", "t/tmp"],
                "t",
            ),
            // A target directory that somebody else has made has no tag.
            (
                &[
                    "t/.rustc_info.json",
                    "t/debug/.cargo-lock",
                    "t/debug/deps/x",
                    "t/tmp/y",
                ],
                &[],
                &["t/debug", "t/tmp"],
                "t",
            ),
            // Two directories, where cargo was started by another cargo.
            (
                &[
                    "b/.rustc_info.json",
                    "b/one/debug/deps/x",
                    "b/tmp/y",
                    "t/CACHEDIR.TAG",
                    "t/one/debug/.cargo-lock",
                    "o/CACHEDIR.TAG",
                    "o/debug/.cargo-lock",
                ],
                &["t/one/debug", "b/one/debug/deps", "o/debug", "o/debug/deps"],
                &["b/one/debug", "b/tmp", "t/one/debug"],
                "t",
            ),
            // Started by hand, with an unrelated search path.
            (
                &[
                    "t/CACHEDIR.TAG",
                    "t/debug/deps/x",
                    "o/CACHEDIR.TAG",
                    "o/debug/.cargo-lock",
                ],
                &["o/debug", "o/debug/deps"],
                &["t/debug"],
                "t",
            ),
        ];
        for (files, search, found, results) in rows {
            let dir = tempfile::tempdir().unwrap();
            let root = dir.path();
            make(root, files);
            let binary = files.iter().find(|file| file.ends_with("/x")).unwrap();
            let (binary, search) = (root.join(binary), paths(root, search));
            let mut directories = directories_by(&binary, &search);
            directories.sort();
            directories.dedup();
            assert_eq!(directories, paths(root, found), "{files:?}");
            let named = profile_of_artifacts(&binary, &search).and_then(|dir| root_of(&dir));
            let results_in = named.or_else(|| built_in(&binary).map(Path::to_path_buf));
            assert_eq!(results_in, Some(root.join(results)), "{files:?}");
        }
    }

    #[test]
    fn the_workspace_is_the_one_that_cargo_had_and_else_the_next_one_with_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        make(
            root,
            &[
                "Cargo.toml",
                "Cargo.lock",
                "a/Cargo.toml",
                "a/Cargo.lock",
                "b/c/Cargo.toml",
                "w/Cargo.toml",
            ],
        );
        for (package, relative, found) in [
            ("a", Some(".."), ""),
            ("a", Some(""), "a"),
            ("a", None, "a"),
            ("b/c", Some("../.."), ""),
            ("b/c", None, ""),
            ("b/c", Some("../../w"), "w"),
            // It was compiled elsewhere.
            ("b/c", Some(".."), ""),
        ] {
            let found = root.join(found);
            let is = workspace(&root.join(package), relative);
            assert_eq!(
                is.components().as_path(),
                found.components().as_path(),
                "{package} {relative:?}"
            );
        }
    }
}
