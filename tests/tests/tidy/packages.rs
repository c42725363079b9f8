//! Rules for the packages that `cargo package` makes of the published crates: licences, README,
//! nothing from outside.

use toml::{Table, Value};

use crate::manifests;
use crate::tree::{Tree, resolve};

/// Both licences require their text in every copy.
const LICENCES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];

/// Macros that read a file when the crate is compiled.
const INCLUDING: &[&str] = &["include_str!", "include_bytes!", "include!"];

pub(crate) fn without_licence_or_readme(tree: &Tree) -> Vec<String> {
    let published = match published(tree) {
        Ok(published) => published,
        Err(error) => return vec![error],
    };
    let mut violations = Vec::new();
    for licence in LICENCES {
        match tree.file(licence) {
            Ok(text) => {
                let copies = published
                    .iter()
                    .map(|(member, _)| format!("{member}/{licence}"));
                let others = copies.filter(|path| tree.file(path) != Ok(text));
                violations.extend(others.map(|path| {
                    format!("{path} is not the file at the root\nhint: link it to ../{licence}")
                }));
            }
            Err(error) => violations.push(error),
        }
    }
    for (member, manifest) in &published {
        let of_package = |key: &str| manifest.get("package").and_then(|it| it.get(key));
        let readme = of_package("readme").and_then(|it| it.get("workspace"));
        if readme.and_then(Value::as_bool) != Some(true) {
            violations.push(format!(
                "{member}/Cargo.toml names no README\nhint: write `readme.workspace = true`"
            ));
        }
        if of_package("description").is_none() {
            violations.push(format!("{member}/Cargo.toml has no description"));
        }
    }
    violations
}

pub(crate) fn files_from_outside(tree: &Tree) -> Vec<String> {
    let published = match published(tree) {
        Ok(published) => published,
        Err(error) => return vec![error],
    };
    let mut violations = Vec::new();
    for (member, _) in published {
        let inside = format!("{member}/");
        for (path, content) in tree.rust().filter(|(path, _)| path.starts_with(&inside)) {
            let outside = included(content)
                .into_iter()
                .filter(|file| !resolve(path, file).is_some_and(|file| file.starts_with(&inside)));
            violations.extend(
                outside.map(|file| format!("{path} includes `{file}`, which is not in its crate")),
            );
        }
    }
    violations
}

/// Finds published members that others depend on by path alone, which cargo refuses to package, or
/// with another version than their own, and members with a version that no registry will have.
pub(crate) fn members_without_version(tree: &Tree) -> Vec<String> {
    find_members_without_version(tree).unwrap_or_else(|error| vec![error])
}

fn find_members_without_version(tree: &Tree) -> Result<Vec<String>, String> {
    let workspace = manifests::manifest(tree, "Cargo.toml")?;
    let expected = format!("={}", manifests::version(tree)?);
    let published = published(tree)?;
    let is_published = |name: &str| published.iter().any(|(member, _)| member == name);
    let shared = workspace.get("workspace").and_then(Value::as_table);
    let shared = shared.map(manifests::dependencies).unwrap_or_default();
    let mut violations = Vec::new();
    for (_, name, value) in shared {
        let Some(path) = value.get("path").and_then(Value::as_str) else {
            continue;
        };
        let version = value.get("version").and_then(Value::as_str);
        let right = is_published(path).then_some(expected.as_str());
        if version != right {
            violations.push(format!(
                "Cargo.toml names {name} with version {version:?} instead of {right:?}"
            ));
        }
    }
    Ok(violations)
}

/// Returns the published members, with their manifests.
fn published(tree: &Tree) -> Result<Vec<(String, Table)>, String> {
    let mut published = Vec::new();
    for member in manifests::members(tree)? {
        let manifest = manifests::manifest(tree, &format!("{member}/Cargo.toml"))?;
        let publish = manifest.get("package").and_then(|it| it.get("publish"));
        if publish.and_then(Value::as_bool) != Some(false) {
            published.push((member, manifest));
        }
    }
    if published.is_empty() {
        return Err("no member of the workspace is published".to_owned());
    }
    Ok(published)
}

/// Returns the files that Rust code includes by a literal path.
fn included(content: &str) -> Vec<&str> {
    let calls = INCLUDING
        .iter()
        .flat_map(|name| content.match_indices(name));
    let arguments = calls.map(|(at, name)| content[at + name.len()..].trim_start());
    arguments
        .filter_map(|rest| rest.strip_prefix('(')?.trim_start().strip_prefix('"'))
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: (&str, &str) = ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n");
    const PUBLISHED: &str =
        "[package]\nname = \"a\"\ndescription = \"A.\"\nreadme.workspace = true\n";
    const OWN: (&str, &str) = ("b/Cargo.toml", "[package]\npublish = false\n");

    fn whole() -> Vec<(&'static str, &'static str)> {
        vec![
            WORKSPACE,
            OWN,
            ("a/Cargo.toml", PUBLISHED),
            ("LICENSE-MIT", "mit"),
            ("LICENSE-APACHE", "apache"),
            ("a/LICENSE-MIT", "mit"),
            ("a/LICENSE-APACHE", "apache"),
        ]
    }

    #[test]
    fn a_published_crate_without_licence_or_readme_is_found() {
        let check = |files: &[_]| without_licence_or_readme(&Tree::planted(files)).len();
        assert_eq!(check(&whole()), 0);
        let changed = |path: &str, content| {
            let mut files = whole();
            let file = files.iter_mut().find(|(name, _)| *name == path).unwrap();
            file.1 = content;
            check(&files)
        };
        assert_eq!(changed("a/LICENSE-MIT", "MIT"), 1, "another text");
        assert_eq!(
            changed("a/Cargo.toml", "[package]\ndescription = \"A.\"\n"),
            1
        );
        assert_eq!(
            changed("a/Cargo.toml", "[package]\nreadme.workspace = true\n"),
            1
        );
        assert_eq!(changed("b/Cargo.toml", PUBLISHED), 2, "two licences");
        let mut files = whole();
        files.retain(|(path, _)| *path != "a/LICENSE-APACHE");
        assert_eq!(check(&files), 1);
        files.retain(|(path, _)| *path != "LICENSE-MIT");
        assert_eq!(check(&files), 2);
        let nothing = [("Cargo.toml", "[workspace]\nmembers = [\"b\"]\n"), OWN];
        assert_eq!(check(&nothing), 1, "nothing to look at");
    }

    #[test]
    fn a_member_with_another_version_than_it_is_published_with_is_found() {
        let check = |dependency: &str| {
            let workspace = format!(
                "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.package]\nversion = \"1.2.3\"\n\
                 [workspace.dependencies]\ntar = \"1\"\n{dependency}\n"
            );
            members_without_version(&Tree::planted(&[
                ("Cargo.toml", &workspace),
                ("a/Cargo.toml", PUBLISHED),
                OWN,
            ]))
        };
        for right in [
            "a = { path = \"a\", version = \"=1.2.3\" }",
            "b = { path = \"b\" }",
        ] {
            assert_eq!(check(right), [""; 0], "{right}");
        }
        for wrong in [
            "a = { path = \"a\" }",
            "a = { path = \"a\", version = \"1.2.3\" }",
            "a = { path = \"a\", version = \"=1.2.2\" }",
            "b = { path = \"b\", version = \"=1.2.3\" }",
        ] {
            assert_eq!(check(wrong).len(), 1, "{wrong}");
        }
        assert_eq!(members_without_version(&Tree::planted(&[])).len(), 1);
    }

    #[test]
    fn a_file_that_would_not_be_in_the_package_is_found() {
        let check = |code: &str| {
            let mut files = whole();
            files.push(("a/src/x/y.rs", code));
            files.push(("b/src/lib.rs", "include_str!(\"../../elsewhere\")"));
            files_from_outside(&Tree::planted(&files))
        };
        for inside in [
            "include_str!(\"z.txt\")",
            "include_bytes!(\"./../../z.txt\")",
            "include!(concat!(env!(\"OUT_DIR\"), \"/z.rs\"));",
        ] {
            assert_eq!(check(inside), [""; 0], "{inside}");
        }
        for outside in [
            "include_str!(\"../../../z.txt\")",
            "include_bytes!(\n    \"../../../b/z.txt\"\n)",
            "include!(\"../../../../../z.rs\")",
        ] {
            assert_eq!(check(outside).len(), 1, "{outside}");
        }
    }
}
