//! `vm-test init` in a fresh crate, in a workspace and in a crate that has all of it already: what
//! it writes, what it keeps, and that the first test passes with no edit.

use crate::configuration::{place, vm_test};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// The crate with the attribute, in this clone.
fn clone() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("vm-test")
}

/// Makes a package as cargo makes one. This workspace's lock file keeps the versions of what it
/// will depend on to those that are here.
fn package(host: &Host, directory: &Path, name: &str) {
    let mut cargo = Command::new("cargo");
    host.adopt(&mut cargo);
    cargo.args(["new", "--quiet", "--vcs", "none", "--lib", name]);
    let output = cargo.current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
}

fn lock(directory: &Path) {
    let lock = clone().parent().unwrap().join("Cargo.lock");
    fs::copy(lock, directory.join("Cargo.lock")).unwrap();
}

/// Runs the first test of a package; returns the lines of libtest about its tests.
fn tested(host: &Host, package: &Path) -> Vec<String> {
    let fixture = Fixture::of(package.join("Cargo.toml"));
    let output = fixture.cargo(host, &["test", "--test", "on_vm"]).output();
    let output = output.unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    let lines = text.lines().filter(|line| line.starts_with("test "));
    lines.map(str::to_owned).collect()
}

const GREEN: [&str; 2] = [
    "test a_file_system_is_mounted ... ok",
    "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in",
];

fn is_green(lines: &[String]) {
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], GREEN[0]);
    assert!(lines[1].starts_with(GREEN[1]), "{lines:?}");
}

#[test]
fn a_fresh_crate_has_a_green_test_after_init() {
    let (host, crates) = (Host::new(), place());
    package(&host, crates.path(), "fresh");
    let fresh = crates.path().join("fresh");
    lock(&fresh);
    let path = clone().display().to_string();
    let init = vm_test(&host, &fresh, &["init", "--path", &path]);
    assert_eq!(init.code(), Some(0), "{init:?}");
    for words in [
        "added vm-test to the dev-dependencies of `fresh`",
        "wrote ",
        "run it: cargo test --package fresh --test on_vm",
    ] {
        assert!(init.err.contains(words), "{init:?}");
    }
    is_green(&tested(&host, &fresh));
    let check = vm_test(&host, &fresh, &["config", "check"]);
    assert!(
        check.err.contains("is right: 0 guests, 0 labs, 0 images"),
        "{check:?}"
    );
}

#[test]
fn a_member_of_a_workspace_gets_the_test_and_its_root_the_configuration() {
    let (host, crates) = (Host::new(), place());
    let root = crates.path();
    let manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n";
    fs::write(root.join("Cargo.toml"), manifest).unwrap();
    for name in ["one", "two"] {
        fs::create_dir_all(root.join(name).join("src")).unwrap();
        let manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n");
        fs::write(root.join(name).join("Cargo.toml"), manifest).unwrap();
        fs::write(root.join(name).join("src/lib.rs"), "").unwrap();
    }
    lock(root);
    let path = clone().display().to_string();
    let nobody = vm_test(&host, root, &["init", "--path", &path]);
    assert_eq!(nobody.code(), Some(1));
    assert!(
        nobody
            .err
            .contains("error: cannot decide which package gets the first test\n")
            && nobody
                .err
                .contains("hint: name it by --package; the packages are `one`, `two`\n"),
        "{nobody:?}"
    );
    assert!(!root.join("vm-test.toml").exists());
    let init = vm_test(&host, root, &["init", "-p", "two", "--path", &path]);
    assert_eq!(init.code(), Some(0), "{init:?}");
    assert!(root.join("vm-test.toml").is_file());
    for absent in ["one/tests", "two/vm-test.toml"] {
        assert!(!root.join(absent).exists(), "{absent}");
    }
    is_green(&tested(&host, &root.join("two")));
}

#[test]
fn init_overwrites_nothing() {
    let (host, crates) = (Host::new(), place());
    package(&host, crates.path(), "settled");
    let settled = crates.path().join("settled");
    lock(&settled);
    let mine = "[guest.mine]\nmemory = \"1G\"\n";
    fs::write(settled.join("vm-test.toml"), mine).unwrap();
    let path = clone().display().to_string();
    let init = vm_test(&host, &settled, &["init", "--path", &path]);
    assert_eq!(init.code(), Some(0), "{init:?}");
    assert!(init.err.contains("vm-test.toml, as it is\n"), "{init:?}");
    is_green(&tested(&host, &settled));

    // A second time, with a test and a manifest that are the user's own by now.
    fs::write(settled.join("tests/on_vm.rs"), "// mine\n").unwrap();
    let manifest = fs::read_to_string(settled.join("Cargo.toml")).unwrap();
    let again = vm_test(&host, &settled, &["init"]);
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert!(
        again.err.contains("`settled` depends on vm-test already\n"),
        "{again:?}"
    );
    for (file, text) in [
        ("vm-test.toml", mine),
        ("tests/on_vm.rs", "// mine\n"),
        ("Cargo.toml", &manifest),
    ] {
        assert_eq!(
            fs::read_to_string(settled.join(file)).unwrap(),
            text,
            "{file}"
        );
    }
    let nowhere = place();
    let lost = vm_test(&host, nowhere.path(), &["init"]);
    assert_eq!(lost.code(), Some(1));
    assert!(
        lost.err
            .contains("error: cannot find a package: could not find `Cargo.toml`"),
        "{lost:?}"
    );
    assert_eq!(fs::read_dir(nowhere.path()).unwrap().count(), 0);
}
