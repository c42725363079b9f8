//! Rules for the manifests: what crates in users' test binaries may depend on, and what belongs
//! only in the workspace manifest.

use toml::{Table, Value};

use crate::tree::Tree;

/// The crates that are linked into every user's test binaries, and the dependencies that each may
/// have.
const LINKED: &[(&str, &[&str])] = &[
    ("vm-test", &["vm-test-faults", "vm-test-runtime"]),
    (
        "vm-test-runtime",
        &[
            "serde",
            "inventory",
            "signal-hook",
            "vm-test-call",
            "vm-test-macros",
            "vm-test-protocol",
            "vm-test-settings",
        ],
    ),
    (
        "vm-test-protocol",
        &["serde", "postcard", "vm-test-settings"],
    ),
    ("vm-test-settings", &["serde", "strsim"]),
    ("vm-test-call", &["serde", "postcard"]),
];

/// Keys of `[package]` that members inherit from the workspace.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(crate) fn weight_of_what_is_linked(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (package, allowed) in LINKED {
        match manifest(tree, &format!("{package}/Cargo.toml")) {
            Ok(manifest) => {
                let linked = dependencies(&manifest)
                    .into_iter()
                    .filter(|(kind, ..)| *kind != "dev-dependencies");
                let heavy = linked.filter(|(_, name, _)| !allowed.contains(&name.as_str()));
                violations.extend(heavy.map(|(_, name, _)| {
                    format!("{package} depends on {name}; it may depend on {allowed:?}")
                }));
            }
            Err(error) => violations.push(error),
        }
    }
    violations
}

pub(crate) fn not_inherited(tree: &Tree) -> Vec<String> {
    let members = match members(tree) {
        Ok(members) => members,
        Err(error) => return vec![error],
    };
    let mut violations = Vec::new();
    for member in members {
        let path = format!("{member}/Cargo.toml");
        match manifest(tree, &path) {
            Ok(manifest) => violations.extend(own_settings(&manifest).iter().map(|key| {
                format!("{path}: `{key}` does not come from the workspace\nhint: write `{key}.workspace = true`")
            })),
            Err(error) => violations.push(error),
        }
    }
    violations
}

/// Returns the members of the workspace.
pub(crate) fn members(tree: &Tree) -> Result<Vec<String>, String> {
    let workspace = manifest(tree, "Cargo.toml")?;
    let members = workspace
        .get("workspace")
        .and_then(|it| it.get("members"))
        .and_then(Value::as_array);
    let members = members.ok_or("Cargo.toml has no list of members")?;
    Ok(members
        .iter()
        .filter_map(|member| member.as_str().map(str::to_owned))
        .collect())
}

/// Returns the version of the workspace.
pub(crate) fn version(tree: &Tree) -> Result<String, String> {
    let workspace = manifest(tree, "Cargo.toml")?;
    let package = workspace.get("workspace").and_then(|it| it.get("package"));
    let version = package
        .and_then(|it| it.get("version"))
        .and_then(Value::as_str);
    version
        .map(str::to_owned)
        .ok_or_else(|| "Cargo.toml has no version of the workspace".to_owned())
}

/// Returns the manifest at `path`.
pub(crate) fn manifest(tree: &Tree, path: &str) -> Result<Table, String> {
    tree.file(path)?
        .parse()
        .map_err(|error| format!("{path} cannot be read: {error}"))
}

/// Returns what a member sets for itself although the workspace sets it.
fn own_settings(manifest: &Table) -> Vec<String> {
    let mut own = Vec::new();
    let package = manifest.get("package");
    for key in INHERITED {
        if !is_inherited(package.and_then(|package| package.get(key))) {
            own.push((*key).to_owned());
        }
    }
    if !is_inherited(manifest.get("lints")) {
        own.push("lints".to_owned());
    }
    let dependencies = dependencies(manifest)
        .into_iter()
        .filter(|(_, _, value)| !is_inherited(Some(value)));
    own.extend(dependencies.map(|(_, name, _)| name));
    own
}

fn is_inherited(value: Option<&Value>) -> bool {
    value
        .and_then(|value| value.get("workspace"))
        .and_then(Value::as_bool)
        == Some(true)
}

/// Returns kind, name and value of every dependency, including target-specific ones.
pub(crate) fn dependencies(manifest: &Table) -> Vec<(&'static str, String, Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut all = Vec::new();
    for table in std::iter::once(manifest).chain(of_targets) {
        for kind in KINDS.iter().copied() {
            let entries = table
                .get(kind)
                .and_then(Value::as_table)
                .into_iter()
                .flatten();
            all.extend(entries.map(|(name, value)| (kind, name.clone(), value.clone())));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: (&str, &str) = (
        "Cargo.toml",
        "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nversion = \"1.2.3\"\n",
    );
    const INHERITING: &str = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n";

    #[test]
    fn every_dependency_that_is_linked_into_a_test_binary_counts() {
        let paths: Vec<String> = LINKED
            .iter()
            .map(|(package, _)| format!("{package}/Cargo.toml"))
            .collect();
        // One of the crates has this manifest, and the others have no dependencies.
        let check = |path: &String, manifest: &str| {
            let files: Vec<(&str, &str)> = paths
                .iter()
                .map(|other| (other.as_str(), if other == path { manifest } else { "" }))
                .collect();
            weight_of_what_is_linked(&Tree::planted(&files))
        };
        for (path, (_, allowed)) in paths.iter().zip(LINKED) {
            let light = format!(
                "[dependencies]\n{}.workspace = true\n[dev-dependencies]\ntempfile = \"3\"\n",
                allowed[0]
            );
            assert_eq!(check(path, &light), [""; 0], "{path}");
            for heavy in [
                "[dependencies]\nlibc = \"1\"\n",
                "[build-dependencies]\ncc = \"1\"\n",
                "[target.'cfg(unix)'.dependencies]\nlibc = \"1\"\n",
            ] {
                assert_eq!(check(path, heavy).len(), 1, "{path}: {heavy}");
            }
        }
        assert_eq!(
            weight_of_what_is_linked(&Tree::planted(&[])).len(),
            LINKED.len()
        );
    }

    #[test]
    fn what_a_member_sets_for_itself_is_found() {
        let check = |manifest: &str| {
            not_inherited(&Tree::planted(&[WORKSPACE, ("a/Cargo.toml", manifest)]))
        };
        assert!(check(INHERITING).is_empty());
        assert!(
            check(&format!(
                "{INHERITING}[dependencies]\nserde = {{ workspace = true }}\n"
            ))
            .is_empty()
        );
        for own in [
            INHERITING.replace("edition.workspace = true", "edition = \"2024\""),
            INHERITING.replace(
                "[lints]\nworkspace = true",
                "[lints.rust]\nunsafe_code = \"allow\"",
            ),
            format!("{INHERITING}[dev-dependencies]\nserde = \"1\"\n"),
        ] {
            assert_eq!(check(&own).len(), 1, "{own}");
        }
        assert_eq!(
            not_inherited(&Tree::planted(&[WORKSPACE])),
            ["a/Cargo.toml is missing"]
        );
    }
}
