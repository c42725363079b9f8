//! The variables that users set: empty ones, misspelled ones, wrong values, and that the documents
//! list them all.

use vm_test_runtime::variables::{ALL, BIN, OWN, RUNTIME_DIR, STORE};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running, vm_test};

fn with(host: &Host, variables: &[(&str, &str)], args: &[&str]) -> Finished {
    let mut command = host.vm_test();
    command.args(args).envs(variables.iter().copied());
    Running::start(&mut command).finish()
}

#[test]
fn a_variable_that_is_empty_counts_as_not_set() {
    let host = Host::new();
    std::fs::create_dir(host.runtime()).unwrap();
    let runtime = host.runtime().display().to_string();
    let mut variables: Vec<_> = ALL.map(|name| (name, "")).to_vec();
    // The directory is then here, so that no other daemon of this user is found.
    variables.push(("XDG_RUNTIME_DIR", &runtime));
    for args in [&["run", "host", "--", "true"][..], &["ps"], &["stop"]] {
        let finished = with(&host, &variables, args);
        assert_eq!(finished.code(), Some(0), "{args:?}: {}", finished.err);
        assert_eq!(finished.err, "", "{args:?}");
    }
    std::fs::remove_dir_all(host.runtime()).unwrap();
}

#[test]
fn an_unknown_variable_is_warned_about_and_never_on_standard_output() {
    let host = Host::new();
    let misspelled = [("VM_TEST_KEPE", "never"), ("VM_TEST_KILL_ROUNDS", "3")];
    for args in [&["ps", "--json"][..], &["run", "host", "--", "true"]] {
        let finished = with(&host, &misspelled, args);
        assert_eq!(finished.code(), Some(0), "{}", finished.err);
        assert_eq!(
            finished.err,
            "vm-test: warning: VM_TEST_KEPE is not a variable of vm-test and changes nothing: \
             did you mean VM_TEST_KEEP?\n"
        );
        assert!(!finished.out.contains("VM_TEST_KEPE"), "{}", finished.out);
    }
}

#[test]
fn a_value_that_cannot_be_used_names_its_variable() {
    let host = Host::new();
    let long = format!("/tmp/{}", "x".repeat(46));
    let run = &["run", "host", "--", "true"][..];
    for (name, value, args, words) in [
        (
            RUNTIME_DIR,
            "run",
            run,
            "error: cannot use VM_TEST_RUNTIME_DIR: \"run\" is not an absolute path\nhint: begin it with /, as in VM_TEST_RUNTIME_DIR=/",
        ),
        (
            RUNTIME_DIR,
            &long,
            run,
            "its path has 51 bytes, and sockets take at most 50\nhint: set VM_TEST_RUNTIME_DIR to another directory\n",
        ),
        (
            STORE,
            "./images",
            run,
            "error: cannot use VM_TEST_STORE: \"./images\" is not an absolute path\nhint: ",
        ),
        (
            BIN,
            "/dev/null",
            run,
            "error: cannot use `/dev/null` as the program vm-test: it is not an executable file\nhint: set VM_TEST_BIN to ",
        ),
        (
            "VM_TEST_IDLE_SECONDS",
            "15 miles",
            run,
            "cannot use VM_TEST_IDLE_SECONDS: \"15 miles\" is not a duration from 0s",
        ),
        (
            "VM_TEST_CPU_BUDGET",
            "0",
            run,
            "cannot use VM_TEST_CPU_BUDGET: \"0\" is not a whole number from 1",
        ),
        (
            "VM_TEST_MEMORY_BUDGET",
            "4X",
            run,
            "cannot use VM_TEST_MEMORY_BUDGET: \"4X\" is not a size from 1M",
        ),
        (
            "VM_TEST_IMAGE_LIMIT",
            "20",
            &["image", "import", "x", "tar:/etc/passwd"],
            "cannot use VM_TEST_IMAGE_LIMIT: `20` is not a size",
        ),
        (
            "VM_TEST_PLAIN_HTTP",
            "localhost:5000,http://r.io",
            &["image", "import", "x", "oci://localhost:1/a"],
            "cannot use VM_TEST_PLAIN_HTTP: \"http://r.io\" is not a registry",
        ),
    ] {
        let finished = with(&host, &[(name, value)], args);
        assert!(!finished.status.success(), "{name}={value}");
        assert!(finished.err.contains(words), "{name}: {}", finished.err);
    }
}

#[test]
fn the_documents_have_every_variable_and_no_other() {
    let host = Host::new();
    let help = vm_test(&host, &["--help"]).out;
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/variables.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rows, ALL);
    for name in ALL {
        let heading = format!("\n  {name} ");
        assert!(help.contains(&heading), "{name} is not in {help}");
    }
    for name in OWN {
        assert!(!rows.contains(&name), "{name} is not for users");
    }
}
