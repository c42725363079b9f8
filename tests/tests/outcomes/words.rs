//! What a user reads about a test, made comparable: without what differs from run to run. Knows no
//! single test.

use vm_test_tests::fixture::Runner;
use vm_test_tests::place::Place;

/// Stands for any text in a line, or alone for any lines.
pub(crate) const ANY: &str = "…";

/// Returns the non-empty lines of a text, without what differs from run to run: thread numbers,
/// durations, and the note that each process prints once when it had to wait for an instance.
pub(crate) fn plain(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .filter(|line| !line.starts_with("note: run with `RUST_BACKTRACE=1`"))
        .filter(|line| !line_fits("vm-test: `…` waits: …", line))
        .map(|line| {
            let line = without_number(line, "' (", ") ");
            let line = without_number(&line, "finished in ", "s");
            without_number(&line, "TypeId(0x", ")")
        })
        .collect()
}

/// Replaces the number between the two texts by `N`.
fn without_number(line: &str, before: &str, after: &str) -> String {
    let Some((head, rest)) = line.split_once(before) else {
        return line.to_owned();
    };
    let end = rest.find(|c: char| !c.is_ascii_hexdigit() && c != '.');
    match end {
        Some(end) if end > 0 && rest[end..].starts_with(after) => {
            format!("{head}{before}N{}", &rest[end..])
        }
        _ => line.to_owned(),
    }
}

/// Returns whether a line matches a pattern, in which [`ANY`] stands for any text.
pub(crate) fn line_fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Returns whether lines match a pattern, in which a line with only [`ANY`] stands for any lines.
pub(crate) fn fits(place: Place, pattern: &[&str], lines: &[String]) -> bool {
    match (pattern, lines) {
        ([], []) => true,
        ([ANY, rest @ ..], _) => {
            (0..=lines.len()).any(|skipped| fits(place, rest, &lines[skipped..]))
        }
        ([first, rest @ ..], [line, lines @ ..]) => {
            line_fits(&place.fill(first), line) && fits(place, rest, lines)
        }
        _ => false,
    }
}

/// Returns the command that runs a failed test of the fixture again.
pub(crate) fn rerun(place: Place, runner: Runner, test: &str) -> String {
    let command = match runner {
        Runner::CargoTest => {
            format!("cargo test -p outcomes -- --include-ignored --exact '{test}'")
        }
        Runner::Nextest => {
            format!("cargo nextest run -p outcomes -E 'test(={test})' --run-ignored all")
        }
    };
    place.prefix().to_owned() + &command
}

/// Removes the line with guest, instance and re-run command from a failed test's lines.
///
/// Returns an error if there is not exactly one such line, or if it is not exactly right.
pub(crate) fn take_trailer(
    place: Place,
    lines: &mut Vec<String>,
    runner: Runner,
    test: &str,
) -> Result<(), String> {
    let trailers: Vec<_> = lines
        .extract_if(.., |line| line.starts_with("vm-test: "))
        .collect();
    let [trailer] = trailers.as_slice() else {
        return Err(format!(
            "{test} has not one line that begins with `vm-test: ` but {trailers:#?}"
        ));
    };
    let end = format!(
        " ({}, kernel {}); to re-run: {}",
        place.description(),
        place.kernel(),
        rerun(place, runner, test)
    );
    let instance = trailer
        .strip_prefix(&*place.fill("vm-test: in guest `{guest}`, instance {guest}-"))
        .and_then(|rest| rest.split_at_checked(rest.find(" (")?))
        .filter(|(_, rest)| line_fits(&end, rest))
        .and_then(|(instance, _)| instance.split_once('-'));
    let is_right = instance.is_some_and(|(run, number)| {
        run.len() == 4
            && run.chars().all(|c| c.is_ascii_hexdigit())
            && number.parse::<u64>().is_ok()
    });
    if is_right {
        return Ok(());
    }
    Err(format!(
        "of {test} the last line is\n{trailer}\nand does not end with\n{end}"
    ))
}

#[test]
fn patterns_fit_what_they_say() {
    for (pattern, line, fit) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("a…", "ab", true),
        ("…b", "ab", true),
        ("a…c", "abc", true),
        ("a…c", "ac", true),
        ("a…b…c", "a-b-c", true),
        ("a…b…c", "a-c", false),
    ] {
        assert_eq!(line_fits(pattern, line), fit, "{pattern} {line}");
    }
    let lines = ["a", "b", "c"].map(str::to_owned);
    let fits = |pattern: &[&str], lines: &[String]| fits(Place::Container, pattern, lines);
    assert!(fits(&["a", ANY], &lines) && fits(&[ANY, "c"], &lines) && fits(&[ANY], &[]));
    assert!(!fits(&["a", "b"], &lines) && !fits(&["b", ANY], &lines));
}

#[test]
fn what_differs_by_nature_is_the_same_when_plain() {
    for (line, plain_line) in [
        (
            "thread 'a' (3) panicked at b.rs:1:2:",
            "thread 'a' (N) panicked at b.rs:1:2:",
        ),
        (
            "thread 'a' (12) has overflowed its stack",
            "thread 'a' (N) has overflowed its stack",
        ),
        ("1 passed; finished in 0.03s", "1 passed; finished in Ns"),
        ("value: `TypeId(0x78ab)`", "value: `TypeId(0xN)`"),
        ("nothing", "nothing"),
    ] {
        assert_eq!(plain(line), [plain_line]);
    }
}
