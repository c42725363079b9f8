//! Misspelled words, and enumerations of words in a sentence.
//!
//! Knows no specific words.

/// Returns how many letters may be wrong in a word of this length: short words are soon alike.
fn most_wrong(length: usize) -> usize {
    match length {
        0..=1 => 0,
        2..=4 => 1,
        5..=11 => 2,
        _ => 3,
    }
}

/// The shortest accepted prefix of a word, and how many wrong letters it counts as.
const SHORTEST_BEGINNING: usize = 3;
const BEGINNING: usize = 1;

/// Returns the known word that this one is most likely a misspelling of.
///
/// It may have a few letters missing, added, changed or swapped, in any case, or be a prefix. Of
/// equally similar words, the first in the alphabet is returned.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = known.into_iter().filter_map(|known| {
        let wrong = wrong_letters(&word, &known.to_lowercase())?;
        Some((wrong, known))
    });
    near.min().map(|(_, known)| known)
}

/// Returns how many letters are wrong, if they are few.
fn wrong_letters(word: &str, known: &str) -> Option<usize> {
    let wrong = strsim::damerau_levenshtein(word, known);
    if wrong <= most_wrong(known.chars().count()) {
        return Some(wrong);
    }
    let is_beginning = word.chars().count() >= SHORTEST_BEGINNING && known.starts_with(word);
    is_beginning.then_some(BEGINNING)
}

/// Returns "a, b and c", each word between two `mark`s and the last one after `conjunction`.
#[must_use]
pub fn enumerate<'a>(
    words: impl IntoIterator<Item = &'a str>,
    mark: &str,
    conjunction: &str,
) -> String {
    let marked: Vec<String> = words
        .into_iter()
        .map(|word| format!("{mark}{word}{mark}"))
        .collect();
    match marked.split_last() {
        Some((last, head)) if !head.is_empty() => {
            format!("{} {conjunction} {last}", head.join(", "))
        }
        _ => marked.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_wrong_letters_and_beginnings_are_recognised() {
        let known = [
            "backend",
            "boot_timeout",
            "cpus",
            "disks",
            "env",
            "image",
            "keep",
            "keep_for",
            "init",
            "memory",
            "network",
            "timeout",
            "on-failure",
        ];
        for (word, expected) in [
            ("timout", "timeout"),
            ("tiemout", "timeout"),
            ("time_out", "timeout"),
            ("Timeout", "timeout"),
            ("time", "timeout"),
            ("boot_timout", "boot_timeout"),
            ("boottimout", "boot_timeout"),
            ("boot", "boot_timeout"),
            ("mem", "memory"),
            ("net", "network"),
            ("img", "image"),
            ("cpu", "cpus"),
            ("envs", "env"),
            ("nev", "env"),
            ("en", "env"),
            ("backed", "backend"),
            ("on_failure", "on-failure"),
            ("keep-for", "keep_for"),
            ("KEEP", "keep"),
        ] {
            assert_eq!(suggestion(word, known), Some(expected), "{word}");
        }
        for word in [
            "", "x", "me", "vm", "ram", "path", "guest", "retries", "always",
        ] {
            assert_eq!(suggestion(word, known), None, "{word}");
        }
    }

    #[test]
    fn of_several_words_the_nearest_and_then_the_first_is_taken() {
        assert_eq!(
            suggestion("worker-3", ["worker-22", "worker-2"]),
            Some("worker-2")
        );
        assert_eq!(suggestion("web3", ["web2", "web1"]), Some("web1"));
        assert_eq!(suggestion("exp", ["expose", "export"]), Some("export"));
        assert_eq!(suggestion("wörkr", ["wörker"]), Some("wörker"));
        assert_eq!(suggestion("b", ["a"]), None);
    }
}
