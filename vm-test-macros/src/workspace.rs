//! Knows where the workspace is that the user's package belongs to: where cargo starts the compiler, which is also what
//! `file!()` begins at. It reads no file.

use std::path::{Component, Path, PathBuf};

/// The root of the workspace, from the package's directory; `None` if cargo does not say.
pub(crate) fn of_this_package() -> Option<String> {
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let workspace = std::env::current_dir().ok()?;
    // As the compiler was started: links in a path are no directories above.
    from(
        &package.canonicalize().ok()?,
        &workspace.canonicalize().ok()?,
    )
}

/// A path that leads from one directory to another.
fn from(one: &Path, other: &Path) -> Option<String> {
    let shared = one
        .components()
        .zip(other.components())
        .take_while(|(one, other)| one == other)
        .count();
    // Beside each other in nothing but the root of the file system they are no workspace and a package of it.
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
