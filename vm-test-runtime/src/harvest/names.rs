//! Turns foreign names (of tests, and of files that guests send) into safe file names. Touches no
//! file.

use std::path::Path;

/// How many bytes a name may have that is made of another.
const LONGEST: usize = 120;

/// How many bytes a name of a guest's file may have, as on the host.
const LONGEST_NAME: usize = 255;

/// How many directories deep a guest's file may be.
const DEEPEST: usize = 32;

/// Returns a directory name for a test, a package or a binary: `::` becomes a full stop, and other
/// special characters a hyphen.
#[must_use]
pub fn directory_name(name: &str) -> String {
    let mut plain: String = name
        .replace("::", ".")
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => c,
            _ => '-',
        })
        .collect();
    if plain.is_empty() || plain.starts_with('.') {
        plain.insert(0, '_');
    }
    if plain.len() > LONGEST {
        // Distinguishes names that differ only after the cut.
        let mut sum = vm_test_protocol::harvest::Sum::default();
        sum.add(name.as_bytes());
        plain.truncate(LONGEST - 17);
        plain += &format!("-{:016x}", sum.value());
    }
    plain
}

/// Returns the name of a test binary without cargo's hash.
#[must_use]
pub fn binary_name(binary: &Path) -> String {
    let name = binary.file_name().unwrap_or_default().to_string_lossy();
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((stem, hash)) if is_hash(hash) => directory_name(stem),
        _ => directory_name(&name),
    }
}

/// Returns the path components of an artifact.
///
/// What could control a terminal or is not text is replaced; what leads out of the directory is
/// refused.
///
/// # Errors
/// Why it is refused.
pub(super) fn of_artifact(name: &[u8]) -> Result<Vec<String>, String> {
    let text = String::from_utf8_lossy(name);
    let names = split(&text)?;
    Ok(names
        .iter()
        .map(|name| {
            name.chars()
                .map(|c| match c {
                    c if c.is_control() || c == '\u{fffd}' => '_',
                    c => c,
                })
                .collect()
        })
        .collect())
}

/// Returns the path components of an export, unchanged.
///
/// # Errors
/// Why it is refused.
pub(super) fn of_export(name: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8".to_owned())?;
    if text.chars().any(char::is_control) {
        return Err("its name has control characters".to_owned());
    }
    let names = split(text)?;
    if names.iter().any(|name| name == ".git") {
        return Err("nothing is ever written below `.git`".to_owned());
    }
    Ok(names)
}

fn split(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Err("it has no name".to_owned());
    }
    if text.starts_with('/') {
        return Err("its name is an absolute path".to_owned());
    }
    let names: Vec<_> = text.split('/').map(str::to_owned).collect();
    if names.len() > DEEPEST {
        return Err(format!("it is more than {DEEPEST} directories deep"));
    }
    for name in &names {
        match name.as_str() {
            ".." | "." => return Err(format!("its name has `{name}` in it")),
            "" => return Err("its name has an empty part".to_owned()),
            _ if name.contains('\0') => return Err("its name has a NUL in it".to_owned()),
            _ if name.len() > LONGEST_NAME => {
                return Err(format!("its name is longer than {LONGEST_NAME} bytes"));
            }
            _ => {}
        }
    }
    Ok(names)
}

/// Returns a guest's text for people: at most this many characters, without terminal escapes.
pub(super) fn shown(words: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&words[..words.len().min(4 * most)]);
    let mut shown: String = text
        .chars()
        .take(most)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if text.chars().count() > most {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_become_names_of_directories() {
        for (name, expected) in [
            ("port_80", "port_80"),
            ("net::port_80::case_1", "net.port_80.case_1"),
            ("../../etc/passwd", "_..-..-etc-passwd"),
            ("a b\n\u{1b}[2J", "a-b---2J"),
            ("", "_"),
            ("..", "_.."),
        ] {
            assert_eq!(directory_name(name), expected);
        }
        let long = directory_name(&"x".repeat(500));
        assert_eq!(long.len(), LONGEST);
        assert_ne!(long, directory_name(&"x".repeat(501)));
    }

    #[test]
    fn a_binarys_hash_is_no_part_of_its_name() {
        let name = |path: &str| binary_name(Path::new(path));
        assert_eq!(name("/t/debug/deps/my-test-0123456789abcdef"), "my-test");
        assert_eq!(name("/t/debug/my-test"), "my-test");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_with_the_reason() {
        for (name, reason) in [
            (&b"../x"[..], "its name has `..` in it"),
            (b"a/../../x", "its name has `..` in it"),
            (b"/etc/passwd", "its name is an absolute path"),
            (b"", "it has no name"),
            (b"a//b", "its name has an empty part"),
            (b"a/", "its name has an empty part"),
            (b"a\0b", "its name has a NUL in it"),
        ] {
            assert_eq!(of_artifact(name).unwrap_err(), reason);
            assert!(of_export(name).is_err());
        }
        assert!(of_artifact(&[b'x'; 256]).is_err());
        assert!(of_artifact("a/".repeat(40).as_bytes()).is_err());
    }

    #[test]
    fn artifacts_are_renamed_where_exports_are_refused() {
        assert_eq!(of_artifact(b"a\x1b[2J/b\xff").unwrap(), ["a_[2J", "b_"]);
        assert!(of_export(b"a\x1b[2J").is_err());
        assert!(of_export(b"b\xff").is_err());
        assert!(of_export(b".git/hooks/pre-commit").is_err());
        assert_eq!(
            of_export("é/x.snap.new".as_bytes()).unwrap(),
            ["é", "x.snap.new"]
        );
    }
}
