//! What a CI service is told of a failed test if the user asks for that: a line that GitHub shows
//! beside the source, or lines that attach the test's files to it in a report of JUnit's form. Knows
//! no guest.

use super::conclusion::Conclusion;
use super::reason;
use crate::site::Site;
use crate::variables::{self, ANNOTATE};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use vm_test_protocol::body::PanicReport;
use vm_test_protocol::failure::Failure;

/// The most files that are attached to one test.
const MOST: usize = 100;

/// Who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Nobody,
    Github,
    Junit,
}

/// Returns who is to be told, by the variable.
///
/// # Errors
/// If its value is none of the words.
pub(super) fn reader() -> Result<Reader, Failure> {
    let word = variables::one_of(
        ANNOTATE,
        variables::get(ANNOTATE),
        &["none", "github", "junit"],
    )?;
    Ok(match word.as_deref() {
        Some("github") => Reader::Github,
        Some("junit") => Reader::Junit,
        _ => Reader::Nobody,
    })
}

/// Tells the reader of a test that failed, whose files are in this directory.
pub(super) fn tell(
    site: &Site,
    test: &str,
    conclusion: &Conclusion,
    panics: &[PanicReport],
    artifacts: Option<&Path>,
) {
    match reader() {
        Ok(Reader::Github) => println!("{}", error(site, test, conclusion, panics)),
        Ok(Reader::Junit) => {
            let files = artifacts.map(files).unwrap_or_default();
            files
                .iter()
                .for_each(|file| println!("{}", attachment(file)));
        }
        Ok(Reader::Nobody) | Err(_) => {}
    }
}

/// Returns the command with which GitHub shows an error beside the source: at the panic, or at the
/// test.
fn error(site: &Site, test: &str, conclusion: &Conclusion, panics: &[PanicReport]) -> String {
    let (file, line, words) = match conclusion {
        Conclusion::Panicked(words) => {
            let last = panics.last();
            let location = last
                .filter(|last| last.message == *words)
                .and_then(|last| place(last.location.as_deref()?));
            let (file, line) = location.unwrap_or((site.file, site.line));
            let words = reason::of_panic(words.as_deref(), last);
            (
                file,
                line,
                words.unwrap_or_else(|| "the body panicked".to_owned()),
            )
        }
        Conclusion::Failed(words) => (site.file, site.line, words.clone()),
        Conclusion::NoVerdict(failure) => (site.file, site.line, failure.to_string()),
        Conclusion::Passed => {
            let words = "the body did not panic, and the test is marked with should_panic";
            (site.file, site.line, words.to_owned())
        }
    };
    let mut text = format!("::error file={},line={line}", escaped(file, true));
    let title = format!("{}: {test}", site.package);
    let _ = write!(
        text,
        ",title={}::{}",
        escaped(&title, true),
        escaped(&words, false)
    );
    text
}

/// Returns the file and the line of a location, as in `tests/a.rs:1:2`.
fn place(location: &str) -> Option<(&str, u32)> {
    let (place, _column) = location.rsplit_once(':')?;
    let (file, line) = place.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// Escapes a text for a command: a guest's words must not become a command of their own.
fn escaped(text: &str, is_property: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => escaped += "%25",
            '\r' => escaped += "%0D",
            '\n' => escaped += "%0A",
            ':' if is_property => escaped += "%3A",
            ',' if is_property => escaped += "%2C",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns the files below a directory, without following links, in the order of their names.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    // A name could otherwise end the line, or the attachment.
    found.retain(|file| {
        let name = file.to_str().unwrap_or("]]");
        !name.contains("]]") && !name.contains(char::is_control)
    });
    found.sort();
    found.truncate(MOST);
    found
}

/// Returns the line that attaches a file to a test in a report.
fn attachment(file: &Path) -> String {
    format!("[[ATTACHMENT|{}]]", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_has_a_file_and_a_line() {
        assert_eq!(place("tests/a.rs:12:5"), Some(("tests/a.rs", 12)));
        assert_eq!(place("tests/a.rs:12"), None);
        assert_eq!(place("somewhere"), None);
    }

    #[test]
    fn a_guests_words_stay_one_line_and_part_of_the_message() {
        let words = "50 %\n::stop-commands::x\r\n";
        assert_eq!(escaped(words, false), "50 %25%0A::stop-commands::x%0D%0A");
        assert_eq!(escaped("p: a,b::c", true), "p%3A a%2Cb%3A%3Ac");
    }

    #[test]
    fn the_files_of_a_directory_are_attached_and_no_links_or_names_that_would_break_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        fs::create_dir(at("b")).unwrap();
        for name in ["b/two.log", "a.pcap", "x]]y", "new\nline"] {
            fs::write(at(name), "").unwrap();
        }
        std::os::unix::fs::symlink("/etc/hostname", at("link")).unwrap();
        assert_eq!(files(dir.path()), [at("a.pcap"), at("b/two.log")]);
        let line = attachment(Path::new("/t/a.pcap"));
        assert_eq!(line, "[[ATTACHMENT|/t/a.pcap]]");
        assert_eq!(files(Path::new("/nowhere")), [""; 0].map(PathBuf::from));
    }
}
