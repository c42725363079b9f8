//! A run of some of the crowd's tests, directly from the test binary: started, undisturbed or
//! killed, and read.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// No run takes longer, whatever is killed.
const LONGEST: Duration = Duration::from_secs(180);

/// The crowd's test binary, built.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    binary: PathBuf,
    directory: PathBuf,
    /// The guest in place of `host`.
    guest: Option<&'static str>,
    is_alone: bool,
    /// A test of it.
    sample: &'static str,
}

impl Crowd {
    pub(super) fn build(host: &Host) -> Self {
        Self::of(host, "crowd", "g19::t9")
    }

    /// Returns the crowd of another target of the fixture, and one of its tests.
    pub(super) fn of(host: &Host, target: &str, sample: &'static str) -> Self {
        let fixture = Fixture::new("crowd");
        fixture.build(host);
        let args = [
            "test",
            "--no-run",
            "--test",
            target,
            "--message-format",
            "json",
        ];
        let output = fixture.cargo(host, &args).output().expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
        let messages = String::from_utf8_lossy(&output.stdout).into_owned();
        let binary = messages.lines().find_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            message["executable"].as_str().map(PathBuf::from)
        });
        Self {
            binary: binary.expect("cargo says where the test binary is"),
            directory: Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/crowd"),
            guest: None,
            is_alone: false,
            sample,
        }
    }

    /// Returns the same crowd on another guest.
    pub(super) fn on(self, guest: &'static str) -> Self {
        Self {
            guest: Some(guest),
            ..self
        }
    }

    /// Starts these tests, each of which stays for some time after its work.
    pub(super) fn start(&self, host: &Host, tests: &[String], threads: usize, linger: u64) -> Run {
        // Each has a file of its own: libtest writes a line of a test in two pieces, between which
        // somebody may write an error message.
        let [output, errors] =
            [(); 2].map(|()| tempfile::NamedTempFile::new().expect("a temporary file"));
        let to = |file: &tempfile::NamedTempFile| {
            let opened = File::options().append(true).open(file.path());
            opened.expect("the file")
        };
        let mut command = Command::new(&self.binary);
        host.adopt(&mut command)
            .args(["--exact", "--include-ignored", "--show-output"])
            .args(["--test-threads", &threads.to_string()])
            .args(tests)
            .current_dir(&self.directory)
            .env("CROWD_LINGER", linger.to_string())
            .env("VM_TEST_IDLE_SECONDS", "600")
            .stdout(to(&output))
            .stderr(to(&errors))
            .process_group(0);
        if self.is_alone {
            command.env("NEXTEST_EXECUTION_MODE", "process-per-test");
            command.arg("--nocapture");
        }
        if let Some(guest) = self.guest {
            command.env("VM_TEST_GUEST", guest);
        }
        Run {
            child: command.spawn().expect("the test binary starts"),
            tests: tests.to_vec(),
            output,
            errors,
        }
    }

    /// Starts one test as nextest does, in its own process, with its output captured.
    pub(super) fn start_alone(&self, host: &Host, test: &str) -> Run {
        let mut it = self.clone();
        it.is_alone = true;
        it.start(host, &[test.to_owned()], 1, 0)
    }

    /// Runs one undisturbed test.
    pub(super) fn passes(&self, host: &Host) {
        let tests = [self.sample.to_owned()];
        let outcome = self.start(host, &tests, 1, 0).finish();
        let verdict = outcome.verdict(self.sample);
        assert_eq!(verdict, Some(true), "{}", outcome.text);
    }
}

/// A run in progress.
pub(super) struct Run {
    child: Child,
    tests: Vec<String>,
    output: tempfile::NamedTempFile,
    errors: tempfile::NamedTempFile,
}

impl Run {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns what it has written so far.
    pub(super) fn so_far(&self) -> String {
        let [output, errors] = self.written();
        output + &errors
    }

    /// Returns what it has written so far as its output, and as its errors.
    fn written(&self) -> [String; 2] {
        [&self.output, &self.errors].map(|file| {
            let bytes = fs::read(file.path()).expect("the run's output");
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }

    /// Returns whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is a child").is_some()
    }

    /// Waits for its end.
    pub(super) fn finish(mut self) -> Outcome {
        let limit = Instant::now() + LONGEST;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                break status;
            }
            if Instant::now() > limit {
                let _ = self.child.kill();
                panic!("the run hangs; so far:\n{}", self.so_far());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        Outcome::new(status, self.written(), &self.tests)
    }
}

/// The result of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    status: ExitStatus,
    /// Its output, and behind it its errors.
    pub(super) text: String,
    output: String,
    /// For each test that libtest has reported, whether it passed.
    verdicts: BTreeMap<String, bool>,
}

impl Outcome {
    fn new(status: ExitStatus, [output, errors]: [String; 2], tests: &[String]) -> Self {
        let verdict = |test: &String| {
            let passed = output.contains(&format!("test {test} ... ok"));
            let failed = output.contains(&format!("test {test} ... FAILED"));
            assert!(!(passed && failed), "{test} passed and failed:\n{output}");
            (passed || failed).then(|| (test.clone(), passed))
        };
        let verdicts = tests.iter().filter_map(verdict).collect();
        Self {
            status,
            text: format!("{output}{errors}"),
            output,
            verdicts,
        }
    }

    /// Returns whether the test passed, if libtest reported it.
    pub(super) fn verdict(&self, test: &str) -> Option<bool> {
        self.verdicts.get(test).copied()
    }

    /// Returns the signal that ended the run.
    pub(super) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Returns what the test wrote, as libtest captured it.
    pub(super) fn section(&self, test: &str) -> &str {
        let heading = format!("---- {test} stdout ----\n");
        let Some((_, section)) = self.output.split_once(&heading) else {
            return "";
        };
        section.split("\n---- ").next().unwrap_or_default()
    }

    /// Asserts that no test passed without doing all of its work.
    pub(super) fn assert_honest(&self) {
        // A run that was killed had no time to print what its tests wrote.
        let told = self.signal().is_none();
        for (test, _) in self.verdicts.iter().filter(|(_, passed)| told && **passed) {
            let done = format!("::{test} is made");
            assert!(
                self.section(test).contains(&done),
                "{test} passed without having done its work:\n{}",
                self.text
            );
        }
    }

    /// Asserts that a test that ran alone, without capture, has failed with this word in its
    /// output.
    #[track_caller]
    pub(super) fn assert_failed_alone(&self, word: &str) {
        let has_failed = self
            .text
            .contains("test result: FAILED. 0 passed; 1 failed");
        assert!(has_failed && self.text.contains(word), "{}", self.text);
    }

    /// Asserts that a test passed, or failed for a reason with one of these words.
    pub(super) fn assert_passed_or_failed_for(&self, test: &str, words: &[&str]) {
        let section = self.section(test);
        match self.verdict(test) {
            Some(true) => {}
            Some(false) => {
                let reason = section.lines().find(|line| line.starts_with("error: "));
                let known = reason.is_some_and(|line| words.iter().any(|word| line.contains(word)));
                assert!(known, "{test} failed for {reason:?}:\n{}", self.text);
                let names_it = section.contains(&format!("'{test}'"));
                assert!(names_it, "{test} is not named:\n{}", self.text);
            }
            None => panic!("{test} has no result:\n{}", self.text),
        }
    }
}
