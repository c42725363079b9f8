//! Runs cargo-llvm-cov on the fixture and reads what it has counted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// The runner under which cargo-llvm-cov runs tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Test,
    Nextest,
}

impl Tool {
    /// Returns whether it has reported this result of the test.
    pub(crate) fn has_told(self, text: &str, test: &str, passes: bool) -> bool {
        text.lines().any(|line| match self {
            Self::Test => {
                let end = if passes { "ok" } else { "FAILED" };
                line == format!("test {test} ... {end}")
            }
            Self::Nextest => {
                let word = if passes { "PASS" } else { "FAIL" };
                line.trim_start().starts_with(word) && line.ends_with(&format!(" {test}"))
            }
        })
    }
}

/// How often lines were executed, by file and line.
pub(crate) type Counts = BTreeMap<(String, usize), u64>;

/// How often each line of the fixture was executed.
#[derive(Debug)]
pub(crate) struct Report {
    lines: Counts,
    directory: PathBuf,
}

impl Report {
    /// Reads a file that the tool has written.
    pub(crate) fn read(file: &Path, fixture: &Fixture) -> Option<Self> {
        let text = fs::read_to_string(file).ok()?;
        let (mut lines, mut source) = (Counts::new(), None);
        for line in text.lines() {
            if let Some(path) = line.strip_prefix("SF:") {
                let inside = Path::new(path).strip_prefix(fixture.directory()).ok();
                source = inside.map(|path| path.display().to_string());
            } else if let Some((source, words)) = source.as_ref().zip(line.strip_prefix("DA:")) {
                let mut numbers = words
                    .split(',')
                    .map(|number| number.parse::<u64>().unwrap());
                let line = usize::try_from(numbers.next()?).ok()?;
                lines.insert((source.clone(), line), numbers.next()?);
            }
        }
        (!lines.is_empty()).then(|| Self {
            lines,
            directory: fixture.directory().to_path_buf(),
        })
    }

    /// Returns the lines of these files, each of which must have some.
    #[track_caller]
    pub(crate) fn of(&self, files: &[&str]) -> Counts {
        let lines = self.lines.iter();
        let counts: Counts = lines
            .filter(|((file, _), _)| files.contains(&file.as_str()))
            .map(|(line, count)| (line.clone(), *count))
            .collect();
        for file in files {
            let is_there = counts.keys().any(|(found, _)| found == file);
            assert!(is_there, "there is no line of {file}: {:?}", self.lines);
        }
        counts
    }

    /// Returns how often the last statement in a function's loop was executed, or its only one.
    #[track_caller]
    pub(crate) fn count_in(&self, file: &str, function: &str) -> u64 {
        let source = fs::read_to_string(self.directory.join(file)).expect("a source file");
        let begin = format!("pub fn {function}(");
        let lines = source.lines().enumerate();
        let mut inside = lines.skip_while(|(_, line)| !line.starts_with(&begin));
        let innermost = inside.find(|(_, line)| line.contains("+=") || line.trim() == "0");
        let (index, _) = innermost.expect("a statement");
        self.lines[&(file.to_owned(), index + 1)]
    }
}

/// A non-interactive run of the tool, which installs nothing.
///
/// One at a time: each begins by removing what exists.
pub(crate) struct Measurement {
    pub(crate) command: Command,
    fixture: Fixture,
    goal: PathBuf,
    _alone: File,
}

impl Measurement {
    /// Prepares a run with these options of the tool, and these arguments for the test binaries.
    pub(crate) fn new(host: &Host, tool: Tool, options: &[&str], passed_on: &[&str]) -> Self {
        let fixture = Fixture::new("coverage");
        let target = fixture.target().join("coverage");
        let alone = fixture.alone("coverage");
        let goal = fixture.target().join("coverage.lcov");
        let _ = fs::remove_file(&goal);
        let mut words = vec!["llvm-cov"];
        words.extend((tool == Tool::Nextest).then_some("nextest"));
        let mut command = fixture.cargo(host, &words);
        command
            .args(["--ignore-run-fail", "--lcov", "--output-path"])
            .arg(&goal)
            .args(options)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_LLVM_COV_SETUP", "no");
        if !passed_on.is_empty() {
            command.arg("--").args(passed_on);
        }
        Self {
            command,
            fixture,
            goal,
            _alone: alone,
        }
    }

    /// Returns what it counts and what it prints.
    #[track_caller]
    pub(crate) fn run(mut self) -> (Report, String) {
        let text = text_of(&self.command.output().expect("cargo starts"));
        (self.read(&text), text)
    }

    /// Returns the report of a run that has ended with this output.
    #[track_caller]
    pub(crate) fn read(&self, text: &str) -> Report {
        let report = Report::read(&self.goal, &self.fixture);
        report.unwrap_or_else(|| panic!("there is no report:\n{text}"))
    }
}
