//! Words that no file of the project may contain: paths of one computer, addresses of registries,
//! marks of unfinished work. They are assembled from pieces here, so that this file passes its own
//! rule.

use crate::tree::Tree;

/// Prefixes of paths that exist only on one computer.
const PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
];

/// Marks of postponed work.
const MARKS: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];

/// Parts of the host names of package registries. Which one to use is a matter of local
/// configuration.
const REGISTRIES: &[&str] = &["crates", "npmjs", "pypi", "debian"];

/// The only file that is generated.
const GENERATED: &str = "Cargo.lock";

pub(crate) fn forbidden(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, content) in tree.iter().filter(|(path, _)| !path.ends_with(GENERATED)) {
        for (number, line) in content.lines().enumerate() {
            let found = forbidden_in(line);
            violations.extend(
                found
                    .iter()
                    .map(|word| format!("{path}:{}: `{word}`", number + 1)),
            );
        }
    }
    violations
}

fn forbidden_in(line: &str) -> Vec<&str> {
    let paths = PATHS
        .iter()
        .flat_map(|path| line.match_indices(path))
        .filter(|(at, _)| {
            // A directory with that name inside another path is not root's home.
            !line[..*at]
                .ends_with(|before: char| before.is_ascii_alphanumeric() || "_-.}".contains(before))
        });
    let marks = MARKS
        .iter()
        .flat_map(|mark| line.match_indices(mark))
        .filter(|(at, mark)| {
            let is_letter = |character: char| character.is_alphanumeric() || character == '_';
            !line[..*at].ends_with(is_letter) && !line[at + mark.len()..].starts_with(is_letter)
        });
    let hosts = line.match_indices("://").map(|(at, mark)| {
        let host = &line[at + mark.len()..];
        host.split(|character: char| {
            !(character.is_ascii_alphanumeric() || "-.".contains(character))
        })
        .next()
        .unwrap_or("")
    });
    let registries = hosts.filter(|host| {
        host.split_inclusive('.').any(|part| {
            part.strip_suffix('.')
                .is_some_and(|label| REGISTRIES.contains(&label))
        })
    });
    paths
        .chain(marks)
        .map(|(_, word)| word)
        .chain(registries)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        for (path, root) in PATHS.iter().map(|path| (format!("see {path}x"), path)) {
            assert_eq!(forbidden_in(&path), [*root]);
        }
        assert_eq!(
            forbidden_in(concat!(
                "{target}/wo",
                "rk/x and a/ro",
                "ot/b and HOME=/root"
            )),
            [""; 0]
        );
    }

    #[test]
    fn a_mark_of_unfinished_work_is_found() {
        for mark in MARKS {
            assert_eq!(forbidden_in(&format!("// {mark}: later")), [*mark]);
            assert_eq!(forbidden_in(&format!("{mark}S")), [""; 0]);
        }
    }

    #[test]
    fn the_address_of_a_registry_is_found() {
        for host in [
            "static.crates.example",
            "pypi.example",
            "deb.debian.example",
        ] {
            assert_eq!(forbidden_in(&format!("curl https://{host}/x")), [host]);
        }
        assert_eq!(
            forbidden_in("https://github.com/rust-lang/crates.io-index and crates.io"),
            [""; 0]
        );
    }

    #[test]
    fn a_violation_is_named_by_file_and_line() {
        let mark = MARKS[0];
        let tree = Tree::planted(&[("a.md", &format!("one\n{mark}\n")), ("Cargo.lock", mark)]);
        assert_eq!(forbidden(&tree), [format!("a.md:2: `{mark}`")]);
    }
}
