//! Knows where the workspace is that the user's package belongs to: where cargo starts the
//! compiler, which is also what `file!()` begins at. It reads no file.

use std::path::{Component, Path, PathBuf};

/// Returns the root of the workspace, relative to the package's directory; `None` if cargo does not
/// tell.
pub(crate) fn of_this_package() -> Option<String> {
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let workspace = std::env::current_dir().ok()?;
    // Paths as the compiler was given them: `..` in a path with links does not lead to the
    // directory above.
    from(
        &package.canonicalize().ok()?,
        &workspace.canonicalize().ok()?,
    )
}

/// Returns a path from one directory to another.
fn from(one: &Path, other: &Path) -> Option<String> {
    let shared = one
        .components()
        .zip(other.components())
        .take_while(|(one, other)| one == other)
        .count();
    // Paths that share only the root of the file system are not a workspace and its package.
    if shared < 2 {
        return None;
    }
    let up = one.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(other.components().skip(shared)).collect();
    path.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_above_its_package_or_beside_it_and_named_from_there() {
        for (package, workspace, path) in [
            ("/w", "/w", Some("")),
            ("/w/one", "/w", Some("..")),
            ("/w/crates/one", "/w", Some("../..")),
            ("/w/one", "/w/root", Some("../root")),
            ("/a/b", "/c", None),
        ] {
            let found = from(Path::new(package), Path::new(workspace));
            assert_eq!(found.as_deref(), path, "{package} {workspace}");
        }
    }
}
