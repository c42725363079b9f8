//! The packages of this workspace and their targets, as cargo knows them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::streams::text_of;

/// A member of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The path from the root of the workspace.
    pub(crate) directory: PathBuf,
    targets: Vec<Value>,
}

impl Package {
    /// Returns whether it has a target of this kind and, if one is given, of this name.
    pub(crate) fn has(&self, kind: &str, name: Option<&str>) -> bool {
        let mut targets = self.targets.iter();
        targets.any(|target| {
            let kinds = target["kind"].as_array();
            let is_kind = kinds.is_some_and(|kinds| kinds.iter().any(|it| it == kind));
            is_kind && name.is_none_or(|name| target["name"] == name)
        })
    }
}

/// Returns the root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the suites are in a folder of the workspace")
}

pub(crate) fn all() -> Vec<Package> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", text_of(&output));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let packages = packages.map(|package| {
        let manifest = Path::new(package["manifest_path"].as_str().expect("a path"));
        let directory = manifest.parent().expect("a directory");
        let directory = directory.strip_prefix(root()).expect("a member");
        Package {
            name: package["name"].as_str().expect("a name").to_owned(),
            directory: directory.to_owned(),
            targets: package["targets"].as_array().expect("targets").clone(),
        }
    });
    packages.collect()
}
