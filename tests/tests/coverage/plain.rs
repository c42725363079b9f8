//! Coverage from guests without cargo-llvm-cov and without a configured place for profiles: they
//! land in the package's directory, like those of the host's own processes, and the compiler's
//! tools read all of them together.

use super::lines::{LINES, ON_A_GUEST};
use super::report::Report;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// A directory of sources that contains profiles only while this exists.
struct Plain<'a> {
    host: &'a Host,
    fixture: Fixture,
    target: PathBuf,
    _alone: File,
}

impl<'a> Plain<'a> {
    fn new(host: &'a Host) -> Self {
        let fixture = Fixture::new("coverage");
        let plain = Self {
            host,
            target: fixture.target().join("plain"),
            _alone: fixture.alone("plain"),
            fixture,
        };
        plain.remove_profiles();
        plain
    }

    /// Returns the profiles for which no place was given.
    fn profiles(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.fixture.directory()).expect("the fixture");
        let paths = entries.flatten().map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|it| it == "profraw"))
            .collect()
    }

    fn remove_profiles(&self) {
        for profile in self.profiles() {
            let _ = fs::remove_file(profile);
        }
    }

    fn cargo(&self, words: &[&str]) -> Command {
        let words = [&["test"], &LINES[..], &ON_A_GUEST, words].concat();
        let mut command = self.fixture.cargo(self.host, &words);
        command
            .env("RUSTFLAGS", "-C instrument-coverage")
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Builds the programs; returns their files.
    ///
    /// Build scripts and macros are instrumented, too, but nobody needs their profiles.
    fn build(&self) -> Vec<PathBuf> {
        let output = self
            .cargo(&["--no-run", "--message-format=json"])
            .env("LLVM_PROFILE_FILE", self.target.join("build/%p.profraw"))
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let messages = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        messages
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .collect()
    }

    /// Returns one of the compiler's tools, as cargo-llvm-cov finds it.
    fn tool(&self, name: &str) -> Command {
        let mut rustc = Command::new("rustc");
        let output = self
            .host
            .adopt(&mut rustc)
            .args(["--print", "target-libdir"])
            .current_dir(self.fixture.directory())
            .output()
            .expect("rustc starts");
        let libraries = text_of(&output);
        let directory = Path::new(libraries.trim()).with_file_name("bin");
        Command::new(directory.join(name))
    }
}

impl Drop for Plain<'_> {
    fn drop(&mut self) {
        self.remove_profiles();
    }
}

#[track_caller]
fn output_of(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", text_of(&output));
    output.stdout
}

/// Returns what a plain run on guests counts.
#[track_caller]
pub(crate) fn measure(host: &Host) -> Report {
    let plain = Plain::new(host);
    let programs = plain.build();
    output_of(plain.cargo(&[]).env_remove("LLVM_PROFILE_FILE"));
    let merged = plain.target.join("lines.profdata");
    let mut merge = plain.tool("llvm-profdata");
    merge.args(["merge", "-sparse", "-o"]).arg(&merged);
    output_of(merge.args(plain.profiles()));
    let mut export = plain.tool("llvm-cov");
    export.args(["export", "-format=lcov", "-instr-profile"]);
    export.arg(&merged);
    for program in &programs {
        export.arg("-object").arg(program);
    }
    let goal = plain.target.join("lines.lcov");
    fs::write(&goal, output_of(&mut export)).expect("the report's file");
    Report::read(&goal, &plain.fixture).expect("a report")
}
