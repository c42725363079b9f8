//! The test binaries of this workspace, as cargo builds them, and the tests in each. Runs no test,
//! and no binary that might run one when it is asked for its list.

use super::output::remark;
use super::target::cargo;
use super::{harness, library_path};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// A binary with tests.
#[derive(Clone, Debug)]
pub(super) struct TestBinary {
    pub(super) path: PathBuf,
    /// The directory of its package, where cargo starts it.
    pub(super) package: Option<PathBuf>,
    /// The package's name, as far as it is known.
    pub(super) package_name: String,
}

/// Makes cargo build the test binaries; returns them.
///
/// # Errors
/// If cargo cannot build them; it has reported why.
pub(super) fn build(
    package: Option<&str>,
    target: Option<&str>,
) -> Result<Vec<TestBinary>, Failure> {
    let mut command = Command::new(cargo());
    command.args([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    if let Some(package) = package {
        command.args(["--package", package]);
    }
    if let Some(target) = target {
        command.args(["--test", target]);
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cannot start cargo: {error}")))?;
    if !output.status.success() {
        return Err(Failure::new(format!(
            "cannot build the tests: cargo ended with {}",
            output.status
        ))
        .hint("or name a test binary that is already built, as in vm-test debug host -- target/debug/deps/NAME TEST"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(binary).collect())
}

/// Returns the test binary that a message of cargo's names, if it names one.
fn binary(line: &str) -> Option<TestBinary> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let manifest = message["manifest_path"].as_str().map(Path::new);
    Some(TestBinary {
        path: message["executable"].as_str().filter(|_| is_test)?.into(),
        package: manifest.and_then(Path::parent).map(Path::to_path_buf),
        package_name: message["package_id"]
            .as_str()
            .map_or("", package_name)
            .to_owned(),
    })
}

/// Returns the name in a package id, which omits it if the directory has the same name.
fn package_name(id: &str) -> &str {
    let (place, rest) = id.rsplit_once('#').unwrap_or((id, ""));
    match rest.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next().unwrap_or_default(),
    }
}

/// Returns the only binary that has this test. Binaries that cannot be asked are reported.
///
/// # Errors
/// If no binary has it, or several do.
pub(super) fn with_test(binaries: Vec<TestBinary>, test: &str) -> Result<TestBinary, Failure> {
    let (mut known, mut having) = (Vec::new(), Vec::new());
    let (mut others, mut failures) = (Vec::new(), Vec::new());
    for binary in binaries {
        match tests(&binary) {
            Ok(Some(tests)) => {
                if tests.iter().any(|name| name == test) {
                    having.push(binary);
                }
                known.extend(tests);
            }
            Ok(None) => others.push(binary.path.display().to_string()),
            Err(failure) => failures.push(failure),
        }
    }
    if !others.is_empty() {
        remark(&format!(
            "not asked for their tests, because they do not have the standard harness and may do anything when they are \
             started: {}",
            others.join(", ")
        ));
    }
    if having.is_empty() && !failures.is_empty() {
        return Err(failures.remove(0));
    }
    for failure in &failures {
        remark(&failure.text());
    }
    match having.as_slice() {
        [] => Err(unknown(test, &known)),
        [_] => Ok(having.remove(0)),
        several => {
            let paths: Vec<_> = several
                .iter()
                .map(|binary| binary.path.display().to_string())
                .collect();
            Err(Failure::new(format!(
                "cannot tell which `{test}` is meant: these have one: {}",
                paths.join(", ")
            ))
            .hint("choose with --package or --test, or name the binary before the test"))
        }
    }
}

fn unknown(test: &str, known: &[String]) -> Failure {
    let failure = Failure::new(format!(
        "cannot find the test `{test}`: none of the {} tests here has this full name",
        known.len()
    ));
    let within = known
        .iter()
        .find(|name| name.ends_with(&format!("::{test}")));
    let near = within
        .map(String::as_str)
        .or_else(|| word::suggestion(test, known.iter().map(String::as_str)));
    match near {
        Some(name) => failure.hint(format!("did you mean `{name}`?")),
        None => failure.hint("`cargo test -- --list` lists them"),
    }
}

/// Returns the full names of a binary's tests, as the binary lists them; `None` if it must not be
/// started for that.
fn tests(binary: &TestBinary) -> Result<Option<Vec<String>>, Failure> {
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!(
            "cannot list the tests of {}: {cause}",
            binary.path.display()
        ))
    };
    if !harness::is_standard(&binary.path).map_err(|error| cannot(&error))? {
        return Ok(None);
    }
    let output = Command::new(&binary.path)
        .args(["--list", "--format", "terse"])
        .current_dir(binary.package.as_deref().unwrap_or(Path::new("/")))
        .env(library_path::VARIABLE, library_path::of(&binary.path))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot(&error))?;
    if !output.status.success() {
        return Err(cannot(&String::from_utf8_lossy(&output.stderr).trim()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(Some(names.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_id_or_by_its_directory() {
        for (id, name) in [
            ("path+file:///home/me/firewall#0.1.0", "firewall"),
            ("path+file:///home/me/rules#firewall@0.1.0", "firewall"),
        ] {
            assert_eq!(package_name(id), name, "{id}");
        }
    }
}
