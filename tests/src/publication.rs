//! Published crates whose own tests the suites run: a copy of their source that may be changed and
//! built, their test binaries, and the runners' results.

use crate::host::Host;
use crate::streams::text_of;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// For each test, whether it passed.
pub type Results = BTreeMap<String, bool>;

/// Fetches the source of a published crate with cargo, and copies it to a writable directory.
///
/// # Panics
/// If it cannot be fetched or copied.
#[must_use]
pub fn unpack(host: &Host, name: &str, version: &str, to: &Path) -> PathBuf {
    let carrier = to.join("carrier");
    fs::create_dir_all(carrier.join("src")).unwrap();
    fs::write(carrier.join("src/lib.rs"), "").unwrap();
    let manifest = format!(
        "[package]\nname = \"carrier\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\n{name} = \"={version}\"\n[workspace]\n"
    );
    fs::write(carrier.join("Cargo.toml"), manifest).unwrap();
    let mut metadata = Command::new("cargo");
    let output = host
        .adopt(&mut metadata)
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(carrier.join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let manifest = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == name)
        .and_then(|package| package["manifest_path"].as_str())
        .expect("the crate is among the packages");
    let source = Path::new(manifest).parent().unwrap();
    let copy = to.join(name);
    let status = Command::new("cp")
        .arg("-rL")
        .arg(source)
        .arg(&copy)
        .status()
        .unwrap();
    assert!(status.success());
    copy
}

/// Builds the tests that a `cargo test` command names; returns their binaries.
///
/// # Panics
/// If they cannot be built.
pub fn test_binaries(cargo_test: &mut Command) -> Vec<PathBuf> {
    let build = cargo_test.args(["--no-run", "--message-format", "json"]);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let artifacts = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|artifact| artifact["profile"]["test"] == true);
    artifacts
        .filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from))
        .collect()
}

/// Returns cargo's variable with the runner for this host's target.
///
/// # Panics
/// If rustc does not print the target.
#[must_use]
pub fn runner_variable() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = text_of(&output);
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    let triple = triple.unwrap().to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{triple}_RUNNER")
}

/// Returns the command that runs whole binaries in a guest.
#[must_use]
pub fn runner(guest: &str) -> String {
    format!("{} runner {guest}", Host::program().display())
}

/// Parses libtest's results. A result may follow output of the test on the same line.
#[must_use]
pub fn of_libtest(text: &str) -> Results {
    let mut results = Results::new();
    let mut running = None;
    for line in text.lines() {
        let begun = line
            .strip_prefix("test ")
            .and_then(|it| it.split_once(" ... "));
        let (name, rest) = match (begun, running.take()) {
            (Some((name, rest)), _) => (name.to_owned(), rest),
            (None, Some(name)) => (name, line),
            (None, None) => continue,
        };
        if rest.ends_with("FAILED") {
            results.insert(name, false);
        } else if rest.ends_with("ok") {
            results.insert(name, true);
        } else if !rest.starts_with("ignored") {
            running = Some(name);
        }
    }
    results
}

/// Parses nextest's results.
#[must_use]
pub fn of_nextest(text: &str) -> Results {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let passed = match words.next()? {
                "PASS" => true,
                "FAIL" => false,
                _ => return None,
            };
            Some((words.last()?.to_owned(), passed))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_found_behind_what_its_test_prints() {
        let text = "test a ... ok\ntest b ... one\ntwo\nok\ntest c ... ignored, why\ntest d ... x\nyFAILED\n\nok\n";
        let expected = [("a", true), ("b", true), ("d", false)];
        let expected = expected.map(|(name, passed)| (name.to_owned(), passed));
        assert_eq!(of_libtest(text), expected.into());
    }
}
