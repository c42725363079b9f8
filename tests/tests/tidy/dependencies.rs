//! Rules for dependencies: a crate uses all that its manifest names, and so does the workspace.

use toml::{Table, Value};

use crate::manifests::{dependencies, manifest, members};
use crate::tree::Tree;

/// Below a member: crates that are not members and have their own dependencies.
const OTHER_CRATES: &str = "tests/fixtures/";

pub(crate) fn unused(tree: &Tree) -> Vec<String> {
    find(tree).unwrap_or_else(|error| vec![error])
}

fn find(tree: &Tree) -> Result<Vec<String>, String> {
    let members = members(tree)?;
    let mut manifests = Vec::new();
    for member in &members {
        manifests.push((member, manifest(tree, &format!("{member}/Cargo.toml"))?));
    }
    let mut violations = Vec::new();
    let mut named = Vec::new();
    for (member, own) in &manifests {
        let inside = format!("{member}/");
        let code: Vec<&str> = tree
            .iter()
            .filter(|(path, _)| path.starts_with(&inside) && path.ends_with(".rs"))
            .filter(|(path, _)| !path.starts_with(OTHER_CRATES))
            .map(|(_, content)| content)
            .collect();
        for (_, name, _) in dependencies(own) {
            let library = library(&name, &manifests);
            if !code.iter().any(|content| uses(content, &library)) {
                violations.push(format!(
                    "{member}/Cargo.toml names {name}, which no file of it uses"
                ));
            }
            named.push(name);
        }
    }
    let workspace = manifest(tree, "Cargo.toml")?;
    let shared = workspace.get("workspace").and_then(Value::as_table);
    let shared = shared.map(dependencies).unwrap_or_default();
    let dead = shared.iter().filter(|(_, name, _)| !named.contains(name));
    violations.extend(
        dead.map(|(_, name, _)| format!("Cargo.toml names {name}, which no member depends on")),
    );
    Ok(violations)
}

/// Returns the crate name of the package `name`: a member may give its library another name.
fn library(name: &str, members: &[(&String, Table)]) -> String {
    let package = members.iter().find(|(_, manifest)| {
        let package = manifest.get("package").and_then(|it| it.get("name"));
        package.and_then(Value::as_str) == Some(name)
    });
    let library = package.and_then(|(_, manifest)| manifest.get("lib")?.get("name")?.as_str());
    library.map_or_else(|| name.replace('-', "_"), str::to_owned)
}

/// Returns whether a path in this code begins with `library`. Comments do not count.
fn uses(content: &str, library: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    let lines = content
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.into_iter().any(|line| {
        line.match_indices(library).any(|(at, _)| {
            let before = &line[..at];
            let after = &line[at + library.len()..];
            let of_another = |before: &str| before.ends_with(|it| is_letter(it) || it == '>');
            let begins = match before.strip_suffix("::") {
                Some(before) => !of_another(before),
                None => !of_another(before),
            };
            let is_whole_use = before.trim_end().ends_with("use") && after.starts_with([';', ' ']);
            begins && (after.starts_with("::") || is_whole_use)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_nobody_uses_is_found() {
        let check = |code: &str| {
            unused(&Tree::planted(&[
                (
                    "Cargo.toml",
                    "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.dependencies]\nb-c = \"1\"\ntar = \"1\"\n",
                ),
                (
                    "a/Cargo.toml",
                    "[package]\nname = \"a\"\n[dependencies]\nb-c.workspace = true\n\
                     [dev-dependencies]\ntar.workspace = true\n",
                ),
                (
                    "b/Cargo.toml",
                    "[package]\nname = \"b-c\"\n[lib]\nname = \"other\"\n",
                ),
                ("b/src/lib.rs", "use tar::Archive; use other::X;"),
                ("a/src/lib.rs", code),
            ]))
            .len()
        };
        assert_eq!(check("use other::X;\nuse tar;"), 0);
        assert_eq!(check("let x = ::other::x(); tar::unpack();"), 0);
        assert_eq!(check("pub use other as another; <tar::Archive>::new();"), 0);
        assert_eq!(check(""), 2);
        for dead in [
            "use b_c::X;",
            "// other::x()",
            "let x = \"other\";",
            "use crate::other::X;",
            "use another::X;",
            "use others::X;",
        ] {
            assert_eq!(check(&format!("{dead}\ntar::unpack();")), 1, "{dead}");
        }
    }

    #[test]
    fn a_dependency_of_the_workspace_that_no_member_has_is_found() {
        let check = |dependency: &str| {
            unused(&Tree::planted(&[
                (
                    "Cargo.toml",
                    "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\ntar = \"1\"\n",
                ),
                ("a/Cargo.toml", dependency),
                ("a/src/lib.rs", "use tar::Archive;"),
            ]))
        };
        assert_eq!(
            check("[dependencies]\ntar.workspace = true\n"),
            [""; 0],
            "it is used"
        );
        assert_eq!(
            check(""),
            ["Cargo.toml names tar, which no member depends on"]
        );
    }
}
