//! The project's rules as tests. This file lists the rules; each rule is in a module below `tidy/`,
//! takes the files as data, and has a test that plants what the rule forbids. No rule reads the
//! disk, so that a rule that finds nothing can be shown to work.

mod circles;
mod contributing;
mod dependencies;
mod documents;
mod imports;
mod isolation;
mod layers;
mod links;
mod manifests;
mod packages;
mod settings;
mod sources;
mod tree;
mod words;

use tree::Tree;

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
fn no_file_of_the_suites_is_compiled_into_two_binaries() {
    hold(sources::included_by_path);
}

#[test]
fn no_name_says_that_a_thing_had_no_place() {
    hold(sources::names_without_meaning);
}

#[test]
fn a_mod_rs_only_names_its_modules() {
    hold(sources::wiring_with_logic);
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
fn no_files_import_each_other_in_a_circle() {
    hold(circles::of_imports);
}

#[test]
fn what_is_linked_into_test_binaries_stays_thin() {
    hold(manifests::weight_of_what_is_linked);
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
fn members_depend_on_each_other_in_a_way_that_cargo_can_package() {
    hold(packages::members_without_version);
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
fn the_guides_for_contributors_name_files_that_exist() {
    hold(contributing::names_what_is_gone);
}

#[test]
fn the_contributors_guide_says_what_the_short_form_leaves_out() {
    hold(contributing::untold_by_the_table);
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    hold(links::broken);
}

#[test]
fn the_summary_of_the_book_lists_every_page() {
    hold(links::outside_of_the_summary);
}

#[test]
fn the_documents_show_a_first_test_that_runs() {
    hold(documents::first_test_that_does_not_run);
}

#[test]
fn every_setting_is_documented_where_users_look() {
    hold(settings::undocumented);
}

#[test]
fn the_page_about_isolation_names_tests_that_exist() {
    hold(isolation::names_tests_that_are_gone);
}

#[test]
fn the_readme_can_be_read_in_two_minutes() {
    hold(documents::long_readme);
}

#[test]
fn no_file_holds_a_word_that_belongs_elsewhere() {
    hold(words::forbidden);
}
