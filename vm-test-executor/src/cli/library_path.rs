//! Where the loader finds the libraries of a test binary that cargo does not start: the compiler's
//! own, which those of procedural macros need, and what cargo has built. Asks the compiler.

use super::target::cargo;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The variable that tells the loader.
pub(super) const VARIABLE: &str = "LD_LIBRARY_PATH";

/// Returns the directories that cargo would name, followed by those that this process was given.
pub(super) fn of(binary: &Path) -> OsString {
    let mut directories = vm_test_runtime::cargo::directories(binary);
    directories.extend(binary.parent().map(Path::to_path_buf));
    directories.extend(of_compiler());
    let given = std::env::var_os(VARIABLE).unwrap_or_default();
    directories.extend(std::env::split_paths(&given).filter(|dir| !dir.as_os_str().is_empty()));
    // A directory whose name contains the separator cannot be listed.
    std::env::join_paths(directories).unwrap_or(given)
}

/// Returns the compiler's libraries, or none if there is no compiler.
fn of_compiler() -> Vec<PathBuf> {
    let beside = Path::new(&cargo()).with_file_name("rustc");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| beside.into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--print", "sysroot"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let mut lines = text.lines().map(PathBuf::from);
    let libraries = lines.next();
    let sysroot = lines.next().map(|sysroot| sysroot.join("lib"));
    libraries.into_iter().chain(sysroot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_own_libraries_are_there() {
        let directories = of_compiler();
        let has_standard_library = |dir: &PathBuf| {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            entries.into_iter().any(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with("libstd-") && name.ends_with(".so")
            })
        };
        assert!(
            directories.iter().any(has_standard_library),
            "{directories:?}"
        );
    }
}
