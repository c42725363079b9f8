//! A published crate that needs root, with `#[on_vm]` above each of its tests and nothing else
//! changed, under both runners: its results are the reference ones, and the host's own rules stay
//! as they are.

use std::fs;
use std::path::Path;
use std::process::Command;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;
use vm_test_tests::publication::unpack;

/// Writes `#[vm_test::on_vm]` above each `#[test]` of a file; returns how many there were.
fn mark_tests(file: &Path) -> usize {
    let text = fs::read_to_string(file).unwrap();
    let marked = text.replace("#[test]\n", "#[vm_test::on_vm]\n#[test]\n");
    fs::write(file, &marked).unwrap();
    text.matches("#[test]\n").count()
}

/// Returns the rules of the host, which only root may see.
fn rules() -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let lists = [&["iptables", "-S"][..], &["nft", "list", "ruleset"]].map(|words| {
        let path = "/usr/sbin:/sbin:/usr/bin:/bin";
        let mut command = Command::new(words[0]);
        let output = command.args(&words[1..]).env("PATH", path).output();
        let output = output.unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert!(output.status.success(), "{words:?}: {}", text_of(&output));
        text_of(&output)
    });
    Some(lists.concat())
}

#[test]
fn the_tests_of_iptables_pass_unchanged_but_for_the_attribute_and_the_host_keeps_its_rules() {
    let host = Host::new();
    let dir = tempfile::tempdir().unwrap();
    let copy = unpack(&host, "iptables", "0.6.0", dir.path());
    assert_eq!(mark_tests(&copy.join("tests/iptables_test.rs")), 4);
    let vm_test = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("vm-test");
    let mut manifest = fs::read_to_string(copy.join("Cargo.toml")).unwrap();
    manifest += &format!(
        "\n[dev-dependencies]\nvm-test = {{ path = \"{}\" }}\n[workspace]\n",
        vm_test.display()
    );
    fs::write(copy.join("Cargo.toml"), manifest).unwrap();
    let before = rules();
    // Without doctests: they are not tests that an attribute could move, and would change this
    // host.
    for runner in [&["test", "--tests"][..], &["nextest", "run"]] {
        let mut command = Command::new("cargo");
        let output = host
            .adopt(&mut command)
            .args(runner)
            .current_dir(&copy)
            .env("CARGO_TARGET_DIR", dir.path().join("target"))
            .env("CARGO_TERM_COLOR", "never")
            .output()
            .unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        let passed = text.contains("3 passed; 0 failed; 1 ignored")
            || text.contains("3 tests run: 3 passed");
        assert!(
            passed,
            "the reference result is 3 passed and 1 ignored:\n{text}"
        );
        assert!(!text.contains("LEAK"), "{text}");
    }
    match before {
        Some(before) => assert_eq!(Some(before), rules()),
        None => eprintln!("the host's rules were not compared: only root sees them"),
    }
}
