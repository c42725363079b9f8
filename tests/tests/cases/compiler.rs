//! Tests that compile, by trybuild: a guest over the host's root has the host's compiler, and its
//! verdict.

use super::guests::{HOST, endings, host, run};
use std::collections::BTreeMap;
use vm_test_tests::report::Ending::{self, Failed, Passed};

/// Runs the tests with this name on the host, and in guests with root's search path and the user's.
///
/// The host's run comes first: it builds what the guests then find.
fn assert_each(name: &str, expected: Ending, words: &[&str]) {
    let host = host(HOST);
    let of_guest = format!("in_a_guest::{name}");
    let with_path = format!("{of_guest}_with_the_users_path");
    for test in [&format!("locally::{name}"), &of_guest, &with_path] {
        let filters = ["--exact", test.as_str()];
        let outcome = run(&host, "cases-compiler", "compiler", &filters);
        let text = outcome.text();
        let expected = BTreeMap::from([(test.as_str(), expected)]);
        assert_eq!(endings(&outcome.tests), expected, "{text}");
        for words in words {
            assert!(text.contains(words), "{test}: {words}: {text}");
        }
    }
}

#[test]
fn what_compiles_and_what_does_not_is_the_same_in_a_guest_as_on_the_host() {
    let words = [
        "test ui/good.rs [should pass] ... ok",
        "test ui/bad.rs [should fail to compile] ... ok",
    ];
    assert_each("right", Passed, &words);
}

#[test]
fn a_wrong_expectation_of_the_compiler_fails_in_a_guest_as_on_the_host() {
    let words = [
        "test ui/good.rs [should fail to compile] ... error",
        "Expected test case to fail to compile, but it succeeded.",
        "1 of 2 tests failed",
    ];
    assert_each("wrong", Failed, &words);
}
