//! The results of a run of tests, test by test, parsed from the output of `cargo test` or `cargo
//! nextest run`.

use std::collections::BTreeMap;
use std::time::Duration;

/// The end of a test as a runner reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It passed.
    Passed,
    /// It failed, in any way.
    Failed,
    /// It was skipped because of `#[ignore]`.
    Ignored,
}

/// A test of a run.
#[derive(Clone, Debug)]
pub struct Told {
    /// How it ended.
    pub ending: Ending,
    /// The runner's word for that.
    pub word: String,
    /// Its standard output as the runner shows it; with libtest, both streams.
    pub stdout: String,
    /// Its standard error as the runner shows it.
    pub stderr: String,
    /// How long it took, if the runner reports that.
    pub took: Option<Duration>,
    /// How often it was reported.
    pub times: usize,
}

impl Told {
    fn new(ending: Ending, word: &str) -> Self {
        Self {
            ending,
            word: word.to_owned(),
            stdout: String::new(),
            stderr: String::new(),
            took: None,
            times: 1,
        }
    }
}

/// The tests of a run, by name.
pub type Tests = BTreeMap<String, Told>;

fn add(tests: &mut Tests, name: &str, told: Told) {
    if let Some(known) = tests.get_mut(name) {
        known.times += 1;
    } else {
        tests.insert(name.to_owned(), told);
    }
}

/// Parses the output of libtest with `--show-output`.
#[must_use]
pub fn from_libtest(text: &str) -> Tests {
    /// Where in the output a line is.
    enum Part<'a> {
        Results,
        Blocks(Option<&'a str>),
        Names,
    }
    let mut tests = Tests::new();
    let mut part = Part::Results;
    for line in text.lines() {
        let is_heading = line == "failures:" || line == "successes:";
        match &part {
            Part::Results if is_heading => part = Part::Blocks(None),
            Part::Results => {
                if let Some((name, told)) = libtest_result(line) {
                    add(&mut tests, name, told);
                }
            }
            Part::Blocks(_) if is_heading => part = Part::Names,
            Part::Blocks(current) => {
                let header = line.strip_prefix("---- ");
                if let Some(name) = header.and_then(|rest| rest.strip_suffix(" stdout ----")) {
                    part = Part::Blocks(Some(name));
                } else if let Some(told) = current.and_then(|name| tests.get_mut(name)) {
                    told.stdout += line;
                    told.stdout.push('\n');
                }
            }
            Part::Names if is_heading => part = Part::Blocks(None),
            Part::Names if line.starts_with("test result: ") => part = Part::Results,
            Part::Names => {}
        }
    }
    tests
}

fn libtest_result(line: &str) -> Option<(&str, Told)> {
    let (name, word) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let ending = match word.split(',').next()? {
        "ok" => Ending::Passed,
        "FAILED" => Ending::Failed,
        "ignored" => Ending::Ignored,
        _ => return None,
    };
    // libtest-mimic aligns the results.
    let name = name.trim_end();
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    Some((name, Told::new(ending, word)))
}

/// Parses the output of nextest with immediate output of all tests.
#[must_use]
pub fn from_nextest(text: &str) -> Tests {
    let mut tests = Tests::new();
    let mut current: Option<&str> = None;
    let mut is_stderr = false;
    for line in text.lines() {
        if line.starts_with("────") {
            current = None;
        } else if let Some((word, time, name)) = nextest_status(line) {
            current = None;
            is_stderr = false;
            if let Some(told) = nextest_result(word, time) {
                add(&mut tests, name, told);
                current = Some(name);
            }
        } else if let Some(told) = current.and_then(|name| tests.get_mut(name)) {
            match line.trim_end() {
                "  stdout ───" => is_stderr = false,
                "  stderr ───" => is_stderr = true,
                _ => {
                    let stream = if is_stderr {
                        &mut told.stderr
                    } else {
                        &mut told.stdout
                    };
                    *stream += line.strip_prefix("    ").unwrap_or(line);
                    stream.push('\n');
                }
            }
        }
    }
    tests
}

/// Parses `        PASS [   0.022s] (  1/115) crate::binary module::test` into status, time and
/// test.
fn nextest_status(line: &str) -> Option<(&str, &str, &str)> {
    let (word, rest) = line.trim_start().split_once(" [")?;
    let (time, rest) = rest.split_once("] (")?;
    let (_, rest) = rest.split_once(") ")?;
    let (_, name) = rest.split_once(' ')?;
    // `ABORT SIG 31` is a signal that nextest has no name for.
    let belongs = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "- ".contains(c);
    let is_word = word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(belongs);
    is_word.then_some((word, time.trim(), name))
}

/// Returns the result of a test, if this status is one.
fn nextest_result(word: &str, time: &str) -> Option<Told> {
    let ending = match word {
        "PASS" | "LEAK" => Ending::Passed,
        "FAIL" | "LEAK-FAIL" | "TIMEOUT" => Ending::Failed,
        "SKIP" => Ending::Ignored,
        _ if word.starts_with("SIG") || word.starts_with("ABORT") => Ending::Failed,
        _ => return None,
    };
    let seconds = time.strip_suffix('s').and_then(|text| text.parse().ok());
    let mut told = Told::new(ending, word);
    told.took = seconds.map(Duration::from_secs_f64);
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_libtest_are_understood() {
        let text = "\nrunning 4 tests\ntest a::good ... ok\ntest a::bad - should panic ... FAILED\n\
            test a::later ... ignored, takes a day\n\nsuccesses:\n\n---- a::good stdout ----\nhello\n\n\n\
            successes:\n    a::good\n\nfailures:\n\n---- a::bad stdout ----\n\ntest result: ok, said a child\n\
            note: it did not\n\nfailures:\n    a::bad\n\ntest result: FAILED. 1 passed; 1 failed\n\n\
            running 1 test\ntest b::good   ... ok\n\ntest result: ok. 1 passed\n";
        let tests = from_libtest(text);
        let endings: Vec<_> = tests
            .iter()
            .map(|(name, told)| (name.as_str(), told.ending))
            .collect();
        assert_eq!(
            endings,
            [
                ("a::bad", Ending::Failed),
                ("a::good", Ending::Passed),
                ("a::later", Ending::Ignored),
                ("b::good", Ending::Passed)
            ]
        );
        assert_eq!(tests["a::good"].stdout.trim(), "hello");
        assert_eq!(
            tests["a::bad"].stdout.trim(),
            "test result: ok, said a child\nnote: it did not"
        );
    }

    #[test]
    fn the_words_of_nextest_are_understood() {
        let text = "    Starting 3 tests\n        FAIL [   1.036s] (1/3) outcomes::hostile guest::a\n  \
            stdout ───\n\n    running 1 test\n  stderr ───\n    error: x\n      indented\n\n        \
            SLOW [> 30.000s] (───────) outcomes::hostile guest::b\n        \
            LEAK [   0.500s] (2/3) outcomes::hostile guest::b\n     SIGABRT [   0.009s] (3/3) outcomes::deaths c\n\
            ABORT SIG 31 [   0.005s] (4/4) outcomes::deaths e\n        \
            SKIP [         ] (───) outcomes::deaths d\n────────────\n     Summary [   1.0s] 3 tests run\n";
        let tests = from_nextest(text);
        assert_eq!(tests.len(), 5);
        assert_eq!(tests["d"].ending, Ending::Ignored);
        assert_eq!(tests["guest::a"].ending, Ending::Failed);
        assert_eq!(tests["guest::a"].stdout.trim(), "running 1 test");
        assert!(
            tests["guest::a"]
                .stderr
                .starts_with("error: x\n  indented\n")
        );
        assert_eq!(tests["guest::a"].took, Some(Duration::from_millis(1036)));
        assert_eq!(tests["guest::b"].word, "LEAK");
        assert_eq!((tests["c"].ending, tests["c"].times), (Ending::Failed, 1));
        assert_eq!(tests["e"].ending, Ending::Failed);
    }
}
