//! Why a test failed, as text: a panic with its location, and messages that are missing from the
//! output because the body had redirected its streams. Those arrive as data.

use super::conclusion::Conclusion;
use vm_test_protocol::body::PanicReport;

/// Returns the message of a panic, preceded by its thread and location if the last reported panic
/// is this one.
pub(super) fn of_panic(words: Option<&str>, last: Option<&PanicReport>) -> Option<String> {
    last.filter(|last| last.message.as_deref() == words)
        .and_then(with_place)
        .or_else(|| words.map(str::to_owned))
}

fn with_place(panic: &PanicReport) -> Option<String> {
    let location = panic.location.as_ref()?;
    Some(format!(
        "thread '{}' panicked at {location}:\n{}",
        panic.thread.as_deref().unwrap_or("<unnamed>"),
        panic.message.as_deref().unwrap_or("Box<dyn Any>")
    ))
}

/// Returns everything that was reported about a failure but does not appear in this output.
pub(super) fn unseen(
    conclusion: &Conclusion,
    panics: &[PanicReport],
    output: &[u8],
) -> Vec<String> {
    let output = String::from_utf8_lossy(output);
    let mut unseen: Vec<String> = panics
        .iter()
        .filter(|panic| !shows(&output, panic))
        .filter_map(with_place)
        .collect();
    let reported = |words: &str| panics.iter().any(|it| it.message.as_deref() == Some(words));
    match conclusion {
        Conclusion::Panicked(Some(words)) if !reported(words) && !says(&output, words) => {
            unseen.push(format!("the body panicked:\n{words}"));
        }
        Conclusion::Failed(words) if !says(&output, words) => unseen.push(words.clone()),
        _ => {}
    }
    unseen
}

/// Returns whether an output shows a panic, in any form: its message, and its location up to the
/// line.
fn shows(output: &str, panic: &PanicReport) -> bool {
    let place = panic.location.as_deref().unwrap_or_default();
    let line = place.rsplit_once(':').map_or(place, |(line, _)| line);
    let words = panic.message.as_deref().unwrap_or_default();
    // The location precedes the message, and a long message may have pushed it out of what is kept.
    says(output, words) && (words.len() > LONG || output.contains(line))
}

/// Messages longer than this, in bytes, are recognized by a part of them: only the end of the
/// output is kept, and only the beginning of the message.
const LONG: usize = 4096;

/// How many characters of a long message are searched for, from the middle on.
const PART: usize = 1024;

/// Returns whether an output contains this message.
fn says(output: &str, words: &str) -> bool {
    if words.len() <= LONG {
        return output.contains(words);
    }
    let mut part = words.chars();
    let middle = words.len() / 2;
    while part.as_str().len() > middle {
        part.next();
    }
    let part: String = part.take(PART).collect();
    output.contains(&part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(thread: Option<&str>, message: Option<&str>) -> PanicReport {
        PanicReport {
            thread: thread.map(str::to_owned),
            message: message.map(str::to_owned),
            location: Some("tests/a.rs:1:2".to_owned()),
        }
    }

    #[test]
    fn a_panic_is_told_with_its_place_unless_another_one_came_last() {
        for (words, last, told) in [
            (
                Some("no route"),
                Some(report(Some("a::b"), Some("no route"))),
                Some("thread 'a::b' panicked at tests/a.rs:1:2:\nno route"),
            ),
            (
                None,
                Some(report(None, None)),
                Some("thread '<unnamed>' panicked at tests/a.rs:1:2:\nBox<dyn Any>"),
            ),
            (
                Some("no route"),
                Some(report(Some("a::b"), Some("another one"))),
                Some("no route"),
            ),
            (Some("no route"), None, Some("no route")),
            (None, None, None),
        ] {
            assert_eq!(of_panic(words, last.as_ref()).as_deref(), told);
        }
    }

    #[test]
    fn a_panic_that_the_output_does_not_show_is_told_and_no_other() {
        let panicked = |words: &str| Conclusion::Panicked(Some(words.to_owned()));
        let place = "thread 't' panicked at tests/a.rs:1:2:\n";
        for (words, reported, output, told) in [
            (
                "no route",
                vec!["no route"],
                "",
                vec![format!("{place}no route")],
            ),
            (
                "no route",
                vec!["no route"],
                "thread 't' (3) panicked at tests/a.rs:1:2:\nno route\n",
                vec![],
            ),
            // Another hook's format.
            (
                "no route",
                vec!["no route"],
                "\x1b[31mno route\x1b[0m at tests/a.rs:1",
                vec![],
            ),
            // The message alone may appear by chance.
            ("no", vec!["no"], "now", vec![format!("{place}no")]),
            (
                "join failed",
                vec!["first", "join failed"],
                "at tests/a.rs:1:2:\njoin failed",
                vec![format!("{place}first")],
            ),
            // A hook of the body's own reports nothing.
            (
                "no route",
                vec![],
                "",
                vec!["the body panicked:\nno route".to_owned()],
            ),
            ("no route", vec![], "no route", vec![]),
        ] {
            let reports: Vec<_> = reported
                .iter()
                .map(|words| report(Some("t"), Some(words)))
                .collect();
            let found = unseen(&panicked(words), &reports, output.as_bytes());
            assert_eq!(found, told, "{words} {reported:?} {output}");
        }
    }

    #[test]
    fn words_that_are_longer_than_what_is_kept_are_known_by_a_part_of_them() {
        let words = "é long ".repeat(1 << 14);
        let reports = [report(Some("t"), Some(&words))];
        let conclusion = Conclusion::Panicked(Some(words.clone()));
        let end = &words.as_bytes()[words.len() / 2 + 1..];
        assert_eq!(unseen(&conclusion, &reports, end), Vec::<String>::new());
        assert_eq!(unseen(&conclusion, &reports, b"long").len(), 1);
        let failed = Conclusion::Failed(words.clone());
        assert_eq!(unseen(&failed, &[], end), Vec::<String>::new());
    }

    #[test]
    fn an_error_that_the_output_does_not_show_is_told() {
        let failed = Conclusion::Failed("Error: 7".to_owned());
        assert_eq!(unseen(&failed, &[], b"Error: 7\n"), Vec::<String>::new());
        assert_eq!(unseen(&failed, &[], b""), ["Error: 7"]);
    }
}
