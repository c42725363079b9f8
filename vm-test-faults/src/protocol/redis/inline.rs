//! Inline commands: a line of words, as somebody types them who has no client. Splits a line as
//! redis does, and knows no command.

/// How many bytes of a word are kept.
const KEPT: usize = 128;

/// How many words are kept.
const WORDS: usize = 3;

/// The words at the beginning of a command, and how many it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) kept: Vec<Vec<u8>>,
    pub(super) count: u64,
}

impl Words {
    pub(super) fn push(&mut self, word: &[u8]) {
        if self.kept.len() < WORDS {
            self.kept.push(word[..word.len().min(KEPT)].to_vec());
        }
        self.count += 1;
    }
}

/// Splits a line into words.
///
/// A word may be in quotes, in which a backslash takes the next character out of its meaning. What
/// such a pair stands for is left as it is: no command has one in its name.
pub(super) fn split(line: &[u8]) -> Words {
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
                    words.push(&word);
                }
            }
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if let Some(word) = word {
        words.push(&word);
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
            let kept = words.kept.iter().map(|word| String::from_utf8_lossy(word));
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
