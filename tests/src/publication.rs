//! Published crates, whose own tests the suites run: their source, where it may be changed and built.

use crate::fixture::text_of;
use crate::host::Host;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Fetches the source of a published crate with cargo and copies it to where it may be changed.
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
