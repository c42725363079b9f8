//! No circle of imports between files, parents and children included: a reader of one file of a
//! circle has to read them all. An import counts as one of the file that defines the name; a
//! re-export is an import too.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{Module, Use, read};
use crate::sources::tokens;
use crate::tree::Tree;

/// More re-exports of a name than anybody would follow. It ends a cyclic search.
const MOST_STEPS: usize = 16;

/// From a file to what it imports from another: the names.
type Ties<'a> = BTreeMap<&'a str, BTreeMap<&'a str, BTreeSet<String>>>;

pub(crate) fn of_imports(tree: &Tree) -> Vec<String> {
    let (modules, mut violations) = Modules::of(tree);
    let ties = modules.ties();
    violations.extend(circles(&ties).iter().map(|circle| told(circle, &ties)));
    violations
}

/// Returns one line for the circle and one for each import in it.
fn told(circle: &BTreeSet<&str>, ties: &Ties<'_>) -> String {
    let mut lines = vec![format!(
        "{} files import each other in a circle:",
        circle.len()
    )];
    for from in circle {
        for (to, names) in ties.get(from).into_iter().flatten() {
            if circle.contains(to) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                lines.push(format!("  {from} takes {} from {to}", names.join(", ")));
            }
        }
    }
    lines.join("\n")
}

/// Returns the largest sets of files in which every file leads to every other one.
fn circles<'a>(ties: &Ties<'a>) -> Vec<BTreeSet<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = ties
        .keys()
        .map(|file| (*file, reached_from(file, ties)))
        .collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let circle: BTreeSet<&str> = others
            .iter()
            .filter(|other| reached.get(*other).is_some_and(|back| back.contains(file)))
            .copied()
            .collect();
        if !circle.is_empty() {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Returns every file that `file` imports from, directly or through others.
fn reached_from<'a>(file: &str, ties: &Ties<'a>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![file];
    while let Some(next) = open.pop() {
        for to in ties.get(next).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

/// All modules of the project, by their path: `xtask/src/bench` for `xtask/src/bench/mod.rs`.
struct Modules<'a> {
    known: BTreeMap<String, (&'a str, Module)>,
    /// The root modules of crates.
    roots: BTreeSet<String>,
}

/// Where a path leads: to a module, or to a name in it.
struct Target {
    module: String,
    name: Option<String>,
}

impl<'a> Modules<'a> {
    /// Returns the modules of `tree`, and which files cannot be read.
    fn of(tree: &'a Tree) -> (Self, Vec<String>) {
        let mut modules = Self {
            known: BTreeMap::new(),
            roots: BTreeSet::new(),
        };
        let mut unreadable = Vec::new();
        let mut tests = BTreeSet::new();
        for (path, content) in tree.rust() {
            let (module, is_root) = module_of(path, tree);
            if is_root {
                modules.roots.insert(module.clone());
            }
            match tokens(content) {
                Err(error) => unreadable.push(format!("{path} cannot be read as Rust: {error}")),
                Ok(tokens) => {
                    for found in read(tokens) {
                        let at = joined(&module, &found.within);
                        tests.extend(found.tests.iter().map(|name| format!("{at}/{name}")));
                        modules.known.insert(at, (path, found));
                    }
                }
            }
        }
        modules.known.retain(|module, _| !tests.contains(module));
        (modules, unreadable)
    }

    fn ties(&self) -> Ties<'a> {
        let mut ties = Ties::new();
        for (at, (file, module)) in &self.known {
            let mut tie = |target: &str, name: &str| {
                if let Some((to, _)) = self.known.get(target).filter(|(to, _)| to != file) {
                    let names = ties.entry(*file).or_default().entry(*to).or_default();
                    names.insert(name.to_owned());
                }
            };
            for used in &module.uses {
                let Some(target) = self.resolve(at, &used.path, 0) else {
                    continue;
                };
                match target.name.as_deref() {
                    Some("*") => {
                        tie(&target.module, "*");
                        for again in self.public(&target.module) {
                            if let Some(target) = self.resolve(&target.module, &again.path, 0) {
                                tie(&target.module, &again.name);
                            }
                        }
                    }
                    Some(name) => tie(&target.module, name),
                    // Names taken from the module appear in paths that begin with its name.
                    None if module.paths.iter().any(|path| path[0] == used.name) => {}
                    None => tie(&target.module, "the module"),
                }
            }
            for path in &module.paths {
                if let Some(Target {
                    module,
                    name: Some(name),
                }) = self.resolve(at, path, 0)
                {
                    tie(&module, &name);
                }
            }
        }
        ties
    }

    fn public(&self, module: &str) -> impl Iterator<Item = &Use> {
        let known = self.known.get(module).into_iter();
        known.flat_map(|(_, module)| module.uses.iter().filter(|used| used.is_public))
    }

    /// Returns where `path` in module `at` leads.
    ///
    /// `None` if it is in another crate, or not a module's.
    fn resolve(&self, at: &str, path: &[String], steps: usize) -> Option<Target> {
        let (first, mut rest) = path.split_first()?;
        if steps > MOST_STEPS {
            return None;
        }
        let mut module = match first.as_str() {
            "crate" => self.root_of(at)?,
            "self" => at.to_owned(),
            "super" => parent(at)?,
            name if self.known.contains_key(&format!("{at}/{name}")) => format!("{at}/{name}"),
            name => {
                let (_, here) = self.known.get(at)?;
                let used = here
                    .uses
                    .iter()
                    .find(|used| used.name == name && used.path != path)?;
                let target = self.resolve(at, &used.path, steps + 1)?;
                if target.name.is_some() {
                    return None;
                }
                target.module
            }
        };
        while let Some((name, after)) = rest.split_first() {
            let child = format!("{module}/{name}");
            if name == "super" {
                module = parent(&module)?;
            } else if self.known.contains_key(&child) {
                module = child;
            } else {
                let target = self.exported(&module, name, steps);
                match target {
                    Some(Target {
                        module: to,
                        name: None,
                    }) => module = to,
                    Some(target) => return Some(target),
                    None => {
                        return Some(Target {
                            module,
                            name: Some(name.clone()),
                        });
                    }
                }
            }
            rest = after;
        }
        self.known
            .contains_key(&module)
            .then_some(Target { module, name: None })
    }

    /// Returns where `name` comes from if `module` only re-exports it.
    fn exported(&self, module: &str, name: &str, steps: usize) -> Option<Target> {
        let named = self.public(module).find(|used| used.name == name);
        if let Some(used) = named {
            return self.resolve(module, &used.path, steps + 1);
        }
        let (_, here) = self.known.get(module)?;
        if here.defined.contains(name) {
            return None;
        }
        self.public(module)
            .filter(|used| used.name == "*")
            .find_map(|used| {
                let from = self.resolve(module, &used.path, steps + 1)?.module;
                let (_, known) = self.known.get(&from)?;
                if known.defined.contains(name) {
                    return Some(Target {
                        module: from,
                        name: Some(name.to_owned()),
                    });
                }
                self.exported(&from, name, steps + 1)
            })
    }

    fn root_of(&self, module: &str) -> Option<String> {
        let mut at = module.to_owned();
        while !self.roots.contains(&at) {
            at = parent(&at)?;
        }
        Some(at)
    }
}

/// Returns the path of the module in the file at `path`, and whether it is the root of a crate.
///
/// A program's root beside a library's is a module that nobody can name.
fn module_of(path: &str, tree: &Tree) -> (String, bool) {
    let stem = path.trim_end_matches(".rs");
    match stem.rsplit_once('/') {
        Some((folder, "lib")) => (folder.to_owned(), true),
        Some((folder, "main")) if !tree.has(&format!("{folder}/lib.rs")) => {
            (folder.to_owned(), true)
        }
        Some((folder, "mod")) => (folder.to_owned(), false),
        _ => (stem.to_owned(), false),
    }
}

fn joined(module: &str, within: &[String]) -> String {
    let names = std::iter::once(module).chain(within.iter().map(String::as_str));
    names.collect::<Vec<_>>().join("/")
}

fn parent(module: &str) -> Option<String> {
    module.rsplit_once('/').map(|(parent, _)| parent.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIBLINGS: [(&str, &str); 3] = [
        ("a/src/lib.rs", "mod left; mod right;"),
        ("a/src/left.rs", "use crate::right::Right; pub struct Left;"),
        (
            "a/src/right.rs",
            "use super::left; pub struct Right; fn f() { left::Left }",
        ),
    ];

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        of_imports(&Tree::planted(files))
    }

    /// Asserts that only the planted circle is found, with these files.
    fn assert_circle(files: &[(&str, &str)], members: &[&str]) {
        let found = found(files);
        assert_eq!(found.len(), 1, "{found:#?}");
        for (file, _) in files {
            let is_named = found[0].contains(&format!("  {file} takes "));
            assert_eq!(is_named, members.contains(file), "{file}: {}", found[0]);
        }
    }

    #[test]
    fn two_siblings_that_import_each_other_are_a_circle() {
        assert_circle(&SIBLINGS, &["a/src/left.rs", "a/src/right.rs"]);
    }

    #[test]
    fn a_circle_is_found_in_every_spelling_of_an_import() {
        for import in [
            "use crate::right::Right;",
            "use super::right::Right;",
            "use super::right::{self, Right};",
            "use super::{right::{Right as Other}, third};",
            "use super::right::*;",
            "use super::right as other; fn f() { other::Right }",
            "use super::right;",
            "pub(super) use super::right::Right;",
            "fn f() -> super::right::Right {}",
            "fn f() { g!(crate::right::Right) }",
            "fn f() { use crate::right::Right; }",
            "mod inner { use super::super::right::Right; }",
            "#[cfg(target_os = \"linux\")] use super::right::Right;",
        ] {
            let files = [
                SIBLINGS[0],
                ("a/src/left.rs", &*format!("{import} pub struct Left;")),
                SIBLINGS[2],
            ];
            assert_circle(&files, &["a/src/left.rs", "a/src/right.rs"]);
        }
    }

    #[test]
    fn what_only_tests_or_comments_name_is_no_import() {
        for left in [
            "pub struct Left; #[cfg(test)] mod tests { use super::*; use crate::right::Right; }",
            "pub struct Left; #[cfg(test)] use super::right::{Right};",
            "pub struct Left; #[cfg(test)] #[allow(unused)] fn f() { super::right::Right }",
            "pub struct Left; // use super::right::Right;",
            "pub struct Left; pub(in super::right) struct Other;",
            "use other::right::Right; pub struct Left;",
        ] {
            let files = [SIBLINGS[0], ("a/src/left.rs", left), SIBLINGS[2]];
            assert_eq!(found(&files), [""; 0], "{left}");
        }
        let files = [
            ("a/src/left.rs", "pub struct Left; #[cfg(test)] mod tests;"),
            ("a/src/left/tests.rs", "use super::Left; pub struct Sample;"),
            ("a/src/lib.rs", "use left::Left;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
        for parent in [
            "mod child; pub struct Whole; use child::Part;",
            "mod child; pub struct Whole; fn f() { child::make() }",
            "mod child; pub struct Whole; pub use child::Part;",
        ] {
            assert_circle(
                &[
                    ("a/src/lib.rs", "mod parent;"),
                    ("a/src/parent/mod.rs", parent),
                    (
                        "a/src/parent/child.rs",
                        "use super::Whole; pub struct Part; pub fn make() {}",
                    ),
                ],
                &["a/src/parent/mod.rs", "a/src/parent/child.rs"],
            );
        }
    }

    #[test]
    fn a_parent_that_only_wires_its_children_is_in_no_circle() {
        let files = [
            ("a/src/lib.rs", "mod parent;"),
            (
                "a/src/parent/mod.rs",
                "mod one; mod two; pub use one::One; pub(crate) use two::*;",
            ),
            ("a/src/parent/one.rs", "use super::Two; pub struct One;"),
            (
                "a/src/parent/two.rs",
                "use super::three::Three; pub struct Two;",
            ),
            ("a/src/parent/three.rs", "pub struct Three;"),
        ];
        assert_eq!(found(&files), [""; 0]);
    }

    #[test]
    fn a_circle_of_three_files_through_a_re_export_is_found() {
        let files = [
            ("a/src/lib.rs", "mod one; mod two; mod three;"),
            ("a/src/one/mod.rs", "mod part; pub(super) use part::One;"),
            ("a/src/one/part.rs", "use crate::two::Two; pub struct One;"),
            ("a/src/two.rs", "pub use super::three::Three as Two;"),
            (
                "a/src/three.rs",
                "use super::one; pub struct Three(one::One);",
            ),
        ];
        assert_circle(&files, &["a/src/one/part.rs", "a/src/three.rs"]);
        let files = [
            ("a/src/lib.rs", "mod one; mod two; mod three;"),
            ("a/src/one/mod.rs", "mod part; pub(super) use part::*;"),
            ("a/src/one/part.rs", "use crate::two::Two; pub struct One;"),
            ("a/src/two.rs", "use super::three::Three; pub struct Two;"),
            ("a/src/three.rs", "use super::one::One; pub struct Three;"),
        ];
        assert_circle(
            &files,
            &["a/src/one/part.rs", "a/src/two.rs", "a/src/three.rs"],
        );
    }

    #[test]
    fn a_circle_is_found_at_depth_three_and_below_the_root_of_a_suite() {
        let files = [
            ("a/src/lib.rs", "mod b;"),
            ("a/src/b/mod.rs", "mod c;"),
            ("a/src/b/c/mod.rs", "mod d; mod e;"),
            ("a/src/b/c/d.rs", "use crate::b::c::e::E; pub struct D;"),
            (
                "a/src/b/c/e.rs",
                "use super::super::{super::b::c::d::D}; pub struct E;",
            ),
        ];
        assert_circle(&files, &["a/src/b/c/d.rs", "a/src/b/c/e.rs"]);
        let files = [
            (
                "a/tests/suite/main.rs",
                "mod one; mod two; pub fn hold() { one::One }",
            ),
            ("a/tests/suite/one.rs", "use crate::hold; pub struct One;"),
            ("a/tests/suite/two.rs", ""),
        ];
        assert_circle(&files, &["a/tests/suite/main.rs", "a/tests/suite/one.rs"]);
    }
}
