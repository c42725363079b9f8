//! The project's rules as tests. This file knows the project's files and which rules there are; each rule lives in
//! a module below `tidy/`, takes the files as data, and has a test of its own that plants what the rule forbids.
//! No rule reads the disk, so that a rule that finds nothing can be shown to look.

mod contributing;
mod dependencies;
mod documents;
mod layers;
mod manifests;
mod packages;
mod sources;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The project's text files: path from the workspace root, and content. What git ignores is not among them.
pub(crate) struct Tree(BTreeMap<String, String>);

impl Tree {
    fn of_workspace() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the suites are in a folder of the workspace");
        let listed = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root)
            .output()
            .expect("git can be started");
        assert!(
            listed.status.success(),
            "cannot list the project's files: {}",
            String::from_utf8_lossy(&listed.stderr)
        );
        let names =
            String::from_utf8(listed.stdout).expect("the names of the project's files are UTF-8");
        let files: BTreeMap<String, String> = names
            .split_terminator('\0')
            .filter_map(|name| Some((name.to_owned(), fs::read_to_string(root.join(name)).ok()?)))
            .collect();
        assert!(
            files.contains_key("Cargo.toml"),
            "cannot find Cargo.toml among the project's files"
        );
        Self(files)
    }

    /// The content of the file at `path`, or what to say when there is none.
    fn file(&self, path: &str) -> Result<&str, String> {
        self.0
            .get(path)
            .map(String::as_str)
            .ok_or_else(|| format!("{path} is missing"))
    }

    /// Whether `path` is a file or a folder with a file in it.
    fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.0.contains_key(path) || self.0.keys().any(|file| file.starts_with(&folder))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_str()))
    }

    /// The Rust files that people write for people: not the fixtures, which are made to be wrong.
    fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter(|(path, _)| path.ends_with(".rs") && !is_fixture(path))
    }

    #[cfg(test)]
    fn planted(files: &[(&str, &str)]) -> Self {
        Self(
            files
                .iter()
                .map(|(path, content)| ((*path).to_owned(), (*content).to_owned()))
                .collect(),
        )
    }
}

/// Inputs of tests that have to look like somebody's mistake.
pub(crate) fn is_fixture(path: &str) -> bool {
    path.starts_with("tests/fixtures/") || path.starts_with("tests/ui/")
}

fn hold(rule: impl Fn(&Tree) -> Vec<String>) {
    let violations = rule(&Tree::of_workspace());
    assert!(
        violations.is_empty(),
        "{} found:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

#[test]
fn every_source_file_opens_with_what_it_knows() {
    hold(sources::without_opening);
}

#[test]
fn no_source_file_is_longer_than_a_reader_can_hold() {
    hold(sources::too_long);
}

#[test]
fn no_name_says_that_a_thing_had_no_place() {
    hold(sources::names_without_meaning);
}

#[test]
fn unsafe_code_lives_in_the_layer_made_for_it() {
    hold(sources::unsafe_outside_of_sys);
}

#[test]
fn no_module_of_the_executor_imports_upwards() {
    hold(layers::upward_imports);
}

#[test]
fn the_table_of_layers_names_every_module_of_the_executor() {
    hold(layers::modules_without_layer);
}

#[test]
fn the_runtime_crate_stays_thin() {
    hold(manifests::weight_of_the_runtime);
}

#[test]
fn versions_and_lints_stand_only_in_the_workspace_manifest() {
    hold(manifests::not_inherited);
}

#[test]
fn every_dependency_is_used() {
    hold(dependencies::unused);
}

#[test]
fn every_published_crate_has_the_licences_and_a_readme() {
    hold(packages::without_licence_or_readme);
}

#[test]
fn no_published_crate_includes_a_file_from_outside_of_it() {
    hold(packages::files_from_outside);
}

#[test]
fn the_changelog_has_a_section_for_this_version() {
    hold(documents::changelog_without_this_version);
}

#[test]
fn the_code_map_names_what_exists_and_every_crate() {
    hold(documents::untrue_code_map);
}

#[test]
fn the_contributors_guide_names_files_that_exist() {
    hold(contributing::names_what_is_gone);
}

#[test]
fn the_contributors_guide_says_what_the_short_form_leaves_out() {
    hold(contributing::untold_by_the_table);
}

#[test]
fn the_readme_can_be_read_in_two_minutes() {
    hold(documents::long_readme);
}

#[test]
fn no_file_holds_a_word_that_belongs_elsewhere() {
    hold(words::forbidden);
}
