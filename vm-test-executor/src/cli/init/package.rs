//! The package that gets a first test, as cargo knows it. Changes nothing.

use crate::cli::target::cargo;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// A package.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) directory: PathBuf,
    /// The root of its workspace.
    pub(super) workspace: PathBuf,
    dependencies: Vec<String>,
}

impl Package {
    /// Returns the package of this name, else the one whose directory this is or is in, else the
    /// only one of the workspace.
    pub(super) fn find(name: Option<&str>) -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::new(format!("cannot find a package: {error}")))?;
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let words = words.trim().trim_start_matches("error: ");
            return Err(Failure::new(format!("cannot find a package: {words}"))
                .hint("`cargo new NAME` makes one"));
        }
        let metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::new(format!("cannot read what cargo says: {error}")))?;
        choose(all(&metadata), name, &here)
    }

    /// Returns whether it depends on a crate, in whatever way.
    pub(super) fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|it| it == name)
    }
}

fn all(metadata: &Value) -> Vec<Package> {
    let root = metadata["workspace_root"].as_str().unwrap_or("/");
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let package = |it: &Value| {
        let dependencies = it["dependencies"].as_array().into_iter().flatten();
        let names = dependencies.filter_map(|it| it["name"].as_str());
        Some(Package {
            name: it["name"].as_str()?.to_owned(),
            directory: Path::new(it["manifest_path"].as_str()?).parent()?.into(),
            workspace: root.into(),
            dependencies: names.map(str::to_owned).collect(),
        })
    };
    packages.filter_map(package).collect()
}

fn choose(mut packages: Vec<Package>, name: Option<&str>, here: &Path) -> Result<Package, Failure> {
    let names: Vec<_> = packages.iter().map(|it| it.name.clone()).collect();
    let found = match name {
        Some(name) => packages.iter().position(|it| it.name == name),
        None if packages.len() == 1 => Some(0),
        None => {
            let around = packages.iter().enumerate();
            let around = around.filter(|(_, it)| here.starts_with(&it.directory));
            let nearest = around.max_by_key(|(_, it)| it.directory.components().count());
            // The root of a workspace may be a package and still be meant as the workspace; cargo
            // takes the package, too.
            nearest.map(|(at, _)| at)
        }
    };
    if let Some(at) = found {
        return Ok(packages.swap_remove(at));
    }
    let listed: Vec<_> = names.iter().map(|it| format!("`{it}`")).collect();
    let listed = format!("the packages are {}", listed.join(", "));
    Err(match name {
        Some(name) => {
            let failure = Failure::new(format!("cannot find package `{name}` in this workspace"));
            match word::suggestion(name, names.iter().map(String::as_str)) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(listed),
            }
        }
        None => Failure::new("cannot decide which package gets the first test")
            .hint(format!("name it by --package; {listed}")),
    })
}

#[cfg(test)]
mod tests {
    use super::{Package, all, choose};
    use serde_json::json;
    use std::path::Path;
    use vm_test_protocol::failure::Failure;

    fn packages() -> Vec<Package> {
        let package = |name: &str, place: &str, dependencies: &[&str]| {
            let dependencies: Vec<_> = dependencies
                .iter()
                .map(|name| json!({ "name": name, "kind": "dev", "rename": "other" }))
                .collect();
            json!({
                "name": name,
                "manifest_path": format!("/w/{place}/Cargo.toml"),
                "dependencies": dependencies,
            })
        };
        all(&json!({
            "workspace_root": "/w",
            "packages": [
                package("one", "one", &[]),
                package("two", "one/two", &["vm-test"]),
            ],
        }))
    }

    fn chosen(name: Option<&str>, here: &str) -> Result<String, Failure> {
        choose(packages(), name, Path::new(here)).map(|it| it.name)
    }

    #[test]
    fn the_package_is_the_named_one_or_the_nearest() {
        assert_eq!(chosen(None, "/w/one/src").unwrap(), "one");
        assert_eq!(chosen(None, "/w/one/two/tests").unwrap(), "two");
        assert_eq!(chosen(Some("two"), "/w").unwrap(), "two");
        let only = choose(packages().split_off(1), None, Path::new("/w")).unwrap();
        assert_eq!(
            (only.name.as_str(), only.depends_on("vm-test")),
            ("two", true)
        );
        assert_eq!(only.workspace, Path::new("/w"));
        assert!(!packages()[0].depends_on("vm-test"));
    }

    #[test]
    fn what_cannot_be_decided_is_asked_for() {
        for (name, message, hint) in [
            (
                None,
                "cannot decide which package gets the first test",
                "name it by --package; the packages are `one`, `two`",
            ),
            (
                Some("tow"),
                "cannot find package `tow` in this workspace",
                "did you mean `two`?",
            ),
            (
                Some("zebra"),
                "cannot find package `zebra` in this workspace",
                "the packages are `one`, `two`",
            ),
        ] {
            let failure = chosen(name, "/w").unwrap_err();
            assert_eq!(failure.message, message);
            assert_eq!(failure.hint.as_deref(), Some(hint));
        }
    }
}
