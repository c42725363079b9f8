//! What a failed test prints for CI services, if they are to be told.

use std::path::Path;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// Runs the test that fails, with this value of the variable.
fn failure(word: &str) -> String {
    let (host, fixture) = (Host::new(), Fixture::new("returns"));
    let _alone = fixture.alone("annotated");
    let mut command = fixture.cargo(&host, &["test", "--quiet", "--test", "files"]);
    let exact = [
        "--",
        "--exact",
        "--include-ignored",
        "a_failure_is_annotated",
    ];
    command.args(exact).env("VM_TEST_ANNOTATE", word);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    text_of(&output)
}

#[test]
fn github_is_told_the_place_of_a_panic_and_the_files_of_a_test_are_attached_to_it() {
    let told = failure("github");
    let line = told.lines().find(|line| line.starts_with("::error "));
    let line = line.unwrap_or_else(|| panic!("{told}"));
    let (place, words) = line.split_once(",title=").unwrap();
    let number = place.strip_prefix("::error file=tests/files.rs,line=");
    let number: u32 = number.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
    assert!(
        words.starts_with("returns%3A a_failure_is_annotated::thread '"),
        "{line}"
    );
    let end = format!("' panicked at tests/files.rs:{number}:5:%0A50 %25%0A::error::forged");
    assert!(words.ends_with(&end), "{line}");

    let told = failure("junit");
    let attached = told.lines().filter_map(|line| {
        let file = line.strip_prefix("[[ATTACHMENT|")?;
        file.strip_suffix("]]")
    });
    let attached: Vec<_> = attached.collect();
    assert_eq!(attached.len(), 1, "{told}");
    assert!(
        attached[0].ends_with("/a_failure_is_annotated/seen.log"),
        "{told}"
    );
    assert!(Path::new(attached[0]).is_file(), "{told}");

    let told = failure("none");
    let says = |words: &str| told.lines().any(|line| line.starts_with(words));
    assert!(!says("::error file") && !says("[[ATTACHMENT"), "{told}");
}

#[test]
fn another_word_is_named_with_those_that_are_known() {
    let told = failure("gitlab");
    let words = "error: cannot use VM_TEST_ANNOTATE: \"gitlab\" is not one of its values\nhint: ";
    assert!(told.contains(words), "{told}");
}
