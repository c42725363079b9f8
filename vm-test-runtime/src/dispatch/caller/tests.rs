//! Signs, and the tests that they name.

use super::*;
use crate::site::Panics;

fn site(module: &'static str, function: &'static str, wrapped: bool) -> Site {
    Site {
        guest: "host",
        lab: None,
        settings: &[],
        set_up: None,
        panics: Panics::Fail,
        expected: None,
        file: "",
        line: 1,
        manifest_dir: "",
        workspace: None,
        package: "",
        module,
        function,
        wrapped,
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

/// Returns signs with this thread, these arguments, and these other threads.
fn signs(thread: &str, arguments: &str, threads: &str) -> Signs {
    Signs {
        thread: (thread != "-").then(|| thread.to_owned()),
        arguments: words(arguments),
        threads: words(threads).into_iter().map(Vec::from).collect(),
        ..Signs::default()
    }
}

#[test]
fn the_test_of_a_wrapped_function_is_the_one_whose_thread_waits() {
    for (module, thread, threads, name) in [
        // No name, like threads that attributes start.
        ("c", "-", "c-1a2b limited a b", Some("limited")),
        ("c", "main", "c-1a2b limited", Some("limited")),
        ("c", "worker", "c-1a2b worker limited", Some("limited")),
        // The kernel keeps 15 bytes.
        (
            "c::timeouts",
            "-",
            "c-1a2b timeouts::limit",
            Some("timeouts::limited"),
        ),
        ("c", "-", "limited::case_1", None),
        ("c", "-", "limited::one", Some("limited::one")),
        ("c", "-", "limited::one limited::two", None),
        // The caller may be the case whose name is truncated.
        ("c", "-", "limited::one limited::case_t", None),
        ("c", "-", "c-1a2b a b", None),
        ("c", "-", "limited_too", None),
        ("c::m", "-", "limited", None),
    ] {
        let found = signs(thread, "", threads).name(&site(module, "limited", true));
        assert_eq!(found.as_deref(), name, "{module} {thread} {threads}");
    }
}

#[test]
fn a_function_without_such_an_attribute_is_only_the_test_of_its_own_thread() {
    let helper = site("c::m", "helper", false);
    for (thread, threads, name) in [
        ("m::helper", "m::helper", Some("m::helper")),
        (
            "m::helper_of_none",
            "m::helper m::helper_of_n",
            Some("m::helper_of_none"),
        ),
        ("-", "m::helper", None),
        ("main", "m::helper", None),
    ] {
        let found = signs(thread, "", threads).name(&helper);
        assert_eq!(found.as_deref(), name, "{thread} {threads}");
    }
}

#[test]
fn a_harness_that_runs_one_test_runs_no_other_on_whatever_thread() {
    let helper = site("c", "helper", false);
    for (arguments, name) in [
        ("a::b --exact --nocapture", Some("a::b")),
        ("--exact a::b --test-threads 1 --skip c", Some("a::b")),
        ("--exact --skip c", Some("worker")),
        ("--exact a b", Some("worker")),
        ("a::b", Some("worker")),
    ] {
        let found = signs("worker", arguments, "").name(&helper);
        assert_eq!(found.as_deref(), name, "{arguments}");
    }
    let signs = Signs {
        invoked: Some("in_a_child".to_owned()),
        nextest: Some("of_nextest".to_owned()),
        ..signs("main", "", "")
    };
    assert_eq!(signs.name(&helper).as_deref(), Some("in_a_child"));
}

#[test]
fn nextests_word_counts_where_nothing_else_tells() {
    let signs = Signs {
        nextest: Some("of_nextest".to_owned()),
        ..signs("main", "", "")
    };
    assert_eq!(
        signs.name(&site("c", "helper", false)).as_deref(),
        Some("of_nextest")
    );
}

#[test]
fn threads_that_may_be_tests_of_a_site_are_told_from_others() {
    for (module, function, thread, may_be) in [
        ("c", "limited", "limited", true),
        ("c", "limited", "limited::one", true),
        ("c", "limited", "limited_too", false),
        ("c", "limited", "limit", false),
        ("c::timeouts", "limited", "timeouts::limit", true),
        ("c::timeouts", "limited", "timeouts::other", false),
        ("c", "limited_case", "limited_case::o", true),
        ("c", "limited_case", "limited_case_o", false),
    ] {
        let found = may_be_on(&site(module, function, true), thread.as_bytes());
        assert_eq!(found, may_be, "{module} {function} {thread}");
    }
}

#[test]
fn the_kernels_names_of_threads_are_found() {
    let name = std::thread::Builder::new().name("a-named-thread-of-mine".to_owned());
    let found = name.spawn(threads).unwrap().join().unwrap();
    assert!(found.contains(&b"a-named-thread-".to_vec()), "{found:?}");
}
