//! Inline commands: a line of words, as somebody types them who has no client. Splits a line as
//! redis does, and knows no command.

use std::borrow::Cow;

/// How many bytes of a word are kept.
const KEPT: usize = 128;

/// How many words are kept.
const WORDS: usize = 3;

/// The words at the beginning of a command, and how many it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words<'a> {
    kept: [Cow<'a, [u8]>; WORDS],
    pub(super) count: u64,
}

impl<'a> Words<'a> {
    pub(super) fn push(&mut self, word: &'a [u8]) {
        self.push_cow(Cow::Borrowed(&word[..word.len().min(KEPT)]));
    }

    fn push_owned(&mut self, mut word: Vec<u8>) {
        word.truncate(KEPT);
        self.push_cow(Cow::Owned(word));
    }

    fn push_cow(&mut self, word: Cow<'a, [u8]>) {
        let place = usize::try_from(self.count).ok();
        if let Some(kept) = place.and_then(|place| self.kept.get_mut(place)) {
            *kept = word;
        }
        self.count += 1;
    }

    /// Returns the first words.
    pub(super) fn kept(&self) -> &[Cow<'a, [u8]>] {
        let count = usize::try_from(self.count).unwrap_or(WORDS);
        &self.kept[..count.min(WORDS)]
    }
}

/// Splits a line into words.
///
/// A word may be in quotes, in which a backslash takes the next character out of its meaning. What
/// such a pair stands for is left as it is: no command has one in its name.
pub(super) fn split(line: &[u8]) -> Words<'_> {
    let mut words = Words::default();
    let mut word: Option<Vec<u8>> = None;
    let mut quote: Option<u8> = None;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match (quote, byte) {
            (Some(b'"'), b'\\') => {
                word.get_or_insert_default().extend(bytes.next());
            }
            (Some(open), _) if byte == open => quote = None,
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            (None, _) if byte.is_ascii_whitespace() => {
                if let Some(word) = word.take() {
                    words.push_owned(word);
                }
            }
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if let Some(word) = word {
        words.push_owned(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_redis_does() {
        let check = |line: &str| {
            let words = split(line.as_bytes());
            let kept = words
                .kept()
                .iter()
                .map(|word| String::from_utf8_lossy(word));
            (kept.collect::<Vec<_>>().join("|"), words.count)
        };
        let is = |line: &str, kept: &str, count| {
            assert_eq!(check(line), (kept.to_owned(), count), "{line}");
        };
        is("", "", 0);
        is("  PING  ", "PING", 1);
        is("SET a \"b c\" d", "SET|a|b c", 4);
        is("'se t' \"a\\\"b\" ''", "se t|a\"b|", 3);
    }
}
