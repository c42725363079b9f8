//! Which workspace a package belongs to, as cargo finds it: by the manifests above. Asks no cargo.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Returns the root of a package's workspace.
pub(super) fn root(package: &Path) -> PathBuf {
    let own = manifest(package);
    let named = own
        .as_ref()
        .and_then(|it| it.get("package")?.get("workspace")?.as_str());
    if let Some(root) = named.and_then(|path| package.join(path).canonicalize().ok()) {
        return root;
    }
    let is_root = |dir: &&Path| {
        let manifest = manifest(dir);
        let workspace = manifest.as_ref().and_then(|it| it.get("workspace"));
        workspace.is_some_and(|it| *dir == package || !excludes(dir, it, package))
    };
    let found = package.ancestors().find(is_root);
    // A package without a lock file yet: this is where cargo will write it.
    found.map_or_else(
        || vm_test_runtime::cargo::workspace(package, None),
        Path::to_path_buf,
    )
}

fn manifest(directory: &Path) -> Option<Table> {
    let text = std::fs::read_to_string(directory.join("Cargo.toml")).ok()?;
    text.parse().ok()
}

/// Returns whether a workspace excludes a package. A package that it lists as a member is not
/// excluded.
fn excludes(root: &Path, workspace: &Value, package: &Path) -> bool {
    let names = |key: &str| {
        let list = workspace.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    };
    names("exclude").any(|path| package.starts_with(root.join(path)))
        && !names("members").any(|path| package == root.join(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn the_root_is_the_one_that_cargo_takes() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        for (place, text) in [
            (
                "",
                "[workspace]\nmembers = [\"one\"]\nexclude = [\"out\"]\n",
            ),
            ("one", "[package]\nname = \"one\"\n"),
            ("out", "[package]\nname = \"out\"\n"),
            ("own", "[package]\nname = \"own\"\n[workspace]\n"),
            ("own/in", "workspace.members = []\n"),
            (
                "away",
                "[package]\nname = \"away\"\nworkspace = \"../own\"\n",
            ),
        ] {
            fs::create_dir_all(top.join(place)).unwrap();
            fs::write(top.join(place).join("Cargo.toml"), text).unwrap();
        }
        // A lock file that an old build left in a member does not make it a workspace.
        fs::write(top.join("one/Cargo.lock"), "").unwrap();
        fs::write(top.join("out/Cargo.lock"), "").unwrap();
        for (package, root) in [
            ("one", ""),
            ("out", "out"),
            ("own", "own"),
            ("own/in", "own/in"),
            ("away", "own"),
        ] {
            let found = super::root(&top.join(package));
            let root = top.join(root);
            assert_eq!(
                found.components().as_path(),
                root.components().as_path(),
                "{package}"
            );
        }
    }
}
