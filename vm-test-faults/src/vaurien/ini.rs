//! Vaurien's configuration file: sections of keys and values. It does not know the keys.

use std::collections::BTreeMap;

/// The values of a file, by section and key: `("behavior:delay", "sleep")`.
pub(super) type Values = BTreeMap<(String, String), String>;

/// The largest file that is read.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// Reads the text of a file. `variable` returns the value of an environment variable.
///
/// # Errors
///
/// Returns what is wrong in which line.
pub(super) fn read(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Values, String> {
    let mut values = Values::new();
    let mut section = None;
    for (line, number) in text.lines().zip(1..) {
        let wrong = |what: &str| Err(format!("line {number}: {what}: {line:?}"));
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[') {
            let Some(name) = name.strip_suffix(']') else {
                return wrong("a section without its end");
            };
            // Vaurien takes both signs.
            section = Some(name.trim().replacen('.', ":", 1));
            continue;
        }
        let Some(section) = &section else {
            return wrong("a value outside of all sections, such as [vaurien]");
        };
        if line.starts_with(char::is_whitespace) {
            return wrong("values of several lines are not understood");
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else {
            return wrong("not a key and a value");
        };
        let value = match plain(value.trim(), &variable) {
            Ok(value) => value,
            Err(name) => return wrong(&format!("the environment has no variable {name}")),
        };
        let key = key.trim().to_lowercase().replace('-', "_");
        values.insert((section.clone(), key), value);
    }
    Ok(values)
}

/// Returns a value without quotes, or with the values of the variables in it.
fn plain(value: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    if let Some(quoted) = quoted {
        return Ok(quoted.to_owned());
    }
    let mut plain = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once("${") {
        let Some((name, after)) = behind.split_once('}') else {
            break;
        };
        plain += before;
        plain += &variable(name).ok_or_else(|| name.to_owned())?;
        rest = after;
    }
    Ok(plain + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str) -> Result<Values, String> {
        read(text, |name| (name == "HOME").then(|| "/home/x".to_owned()))
    }

    #[test]
    fn sections_keys_and_values_are_read_as_vaurien_reads_them() {
        let text = "# comment\n[vaurien]\nbackend = google.com:80\nproxy: localhost:8000\n\
                    \n; comment\n[behavior:delay]\nsleep = 2\n[behavior.error]\nInject = True\n\
                    [statsd]\nprefix = \"a b\"\nhost = ${HOME}/y\n";
        let values = get(text).unwrap();
        let value = |section: &str, key: &str| &*values[&(section.to_owned(), key.to_owned())];
        assert_eq!(value("vaurien", "backend"), "google.com:80");
        assert_eq!(value("vaurien", "proxy"), "localhost:8000");
        assert_eq!(value("behavior:delay", "sleep"), "2");
        assert_eq!(value("behavior:error", "inject"), "True");
        assert_eq!(value("statsd", "prefix"), "a b");
        assert_eq!(value("statsd", "host"), "/home/x/y");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, told) in [
            ("a = b", "line 1: a value outside"),
            ("[vaurien]\nx", "line 2: not a key"),
            ("[vaurien", "line 1: a section without"),
            ("[vaurien]\na = ${NONE}", "no variable NONE"),
            ("[vaurien]\na = b\n  c", "several lines"),
        ] {
            let error = get(text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn any_text_is_understood_or_refused() {
        let sample =
            "# c\n[vaurien]\nbackend = a:1\n[behavior.delay]\nsleep: \"2\"\nx = ${HOME}\u{e9}\n";
        let marks = [
            "[", "]", "${", "}", "\"", "=", ":", "\r", "\n", " ", "\0", "\u{2028}",
        ];
        let mut random = fastrand::Rng::with_seed(16);
        let (mut understood, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut letters: Vec<char> = sample.chars().collect();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..letters.len());
                let end = random.usize(at..letters.len().min(at + 4));
                let mark = marks[random.usize(..marks.len())];
                letters.splice(at..end, mark.chars());
            }
            match get(&String::from_iter(letters)) {
                Ok(_) => understood += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(understood > 100 && refused > 100, "{understood}, {refused}");
    }
}
