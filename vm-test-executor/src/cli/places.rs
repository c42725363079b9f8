//! Where the files of a test binary go that this program runs: the same paths as under `cargo
//! test`. Chooses paths, and empties the directory of artifacts.

use super::guest_command::manifest_dir;
use super::workspace;
use std::path::{Path, PathBuf};
use vm_test_protocol::pattern::Pattern;
use vm_test_runtime::cargo::target;
use vm_test_runtime::harvest::{Places, ProfilePlace, binary_name, directory_name, drafts};

/// Returns the places for a run of this binary, with one of its tests or with all.
pub(super) fn of_tests(
    binary: &Path,
    package: &str,
    test: Option<&str>,
    export: &[Pattern],
) -> Places {
    let artifacts = artifacts(binary, package, test);
    // Otherwise files of an earlier run would be taken for files of this one.
    let _ = std::fs::remove_dir_all(&artifacts);
    Places {
        artifacts: Some(artifacts),
        exports: (!export.is_empty()).then(|| (root(), export.to_vec())),
        ..of_list(binary)
    }
}

/// Returns the places for a run that only lists tests: files of earlier runs stay, since nothing
/// replaces them.
pub(super) fn of_list(binary: &Path) -> Places {
    Places {
        profiles: ProfilePlace::for_program(binary),
        drafts: drafts(&directory_of_target(binary)),
        ..Places::default()
    }
}

/// Returns the directory for artifacts, with the test's name if there is one.
fn artifacts(binary: &Path, package: &str, test: Option<&str>) -> PathBuf {
    let directory = directory_of_target(binary)
        .join("vm-test/artifacts")
        .join(directory_name(package))
        .join(binary_name(binary));
    match test {
        Some(test) => directory.join(directory_name(test)),
        None => directory,
    }
}

fn directory_of_target(binary: &Path) -> PathBuf {
    target(binary).unwrap_or_else(|| root().join("target"))
}

/// Returns the root of the workspace.
fn root() -> PathBuf {
    workspace::root(&manifest_dir())
}
