//! The lines of the text protocol: which command one is, whether data follow, and what it gets.
//! The rules are memcached's own (1.6), wrong lines included, since only a right one has data.

use super::expected::Expected;
use super::meta;
use crate::protocol::Answers;
use crate::protocol::text::printable;

/// Memcached's own limit for keys.
const LONGEST_KEY: usize = 250;

/// Memcached's own limit for the words of a meta command.
const MOST_META_WORDS: usize = 19;

/// Memcached's own limit for a block of data, with the line end behind it.
const LARGEST_BLOCK: u64 = 0x7fff_ffff;

/// Memcached reads so many words at most.
const MOST_WORDS: usize = 24;

/// A line of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) name: String,
    pub(super) answers: Answers,
    pub(super) expected: Expected,
    /// The length of the data that follow, with their line end; 0 if none do.
    pub(super) block: u64,
    /// Whether the connection is a log from here on.
    pub(super) is_watch: bool,
}

/// Returns whether a line that begins so may be of any length.
pub(super) fn is_retrieval(line: &[u8]) -> bool {
    let word = line
        .split(|byte| *byte == b' ')
        .find(|word| !word.is_empty());
    word.is_some_and(|word| matches!(word, b"get" | b"gets" | b"gat" | b"gats" | b"bget"))
}

/// Reads a line without its end. Of a retrieval, the beginning is enough.
pub(super) fn read(line: &[u8]) -> Command {
    let words = line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    let words: Vec<&[u8]> = words.take(MOST_WORDS).collect();
    let name = words.first().copied().unwrap_or_default();
    let mut command = Command {
        name: printable(name),
        answers: Answers::One,
        expected: Expected::Line,
        block: 0,
        is_watch: false,
    };
    match name {
        _ if is_retrieval(line) => command.expected = Expected::Values,
        b"set" | b"add" | b"replace" | b"append" | b"prepend" => storage(&mut command, &words, 5),
        b"cas" => storage(&mut command, &words, 6),
        b"incr" | b"decr" | b"touch" => silenced(&mut command, &words, 3..=4),
        b"delete" => silenced(&mut command, &words, 3..=4),
        b"flush_all" => silenced(&mut command, &words, 2..=3),
        b"verbosity" | b"cache_memlimit" => silenced(&mut command, &words, 2..=3),
        b"lru" => silenced(&mut command, &words, 2..=MOST_WORDS),
        b"slabs" if words.get(1) == Some(&b"automove".as_slice()) => {
            silenced(&mut command, &words, 3..=MOST_WORDS);
        }
        b"stats" => command.expected = Expected::Lines,
        b"lru_crawler" if matches!(words.get(1), Some(&(b"metadump" | b"mgdump"))) => {
            command.expected = Expected::Lines;
        }
        b"quit" => command.answers = Answers::None,
        b"watch" => command.is_watch = true,
        [b'm', letter @ (b'g' | b's' | b'd' | b'a' | b'n' | b'e')] => {
            meta_command(&mut command, *letter, &words);
        }
        _ => {}
    }
    command
}

/// Reads a command that says nothing if `noreply` is its last word and it has so many.
fn silenced(command: &mut Command, words: &[&[u8]], count: std::ops::RangeInclusive<usize>) {
    if count.contains(&words.len()) && words.last() == Some(&b"noreply".as_slice()) {
        command.answers = Answers::None;
    }
}

/// Reads a command with data, which has so many words or one more.
fn storage(command: &mut Command, words: &[&[u8]], count: usize) {
    silenced(command, words, count..=count + 1);
    if !(count..=count + 1).contains(&words.len()) || words[1].len() > LONGEST_KEY {
        return;
    }
    let has_numbers = number::<u32>(words[2]).is_some()
        && number::<i32>(words[3]).is_some()
        && (count < 6 || number::<u64>(words[5]).is_some());
    if has_numbers {
        command.block = block(words[4]);
    }
}

fn meta_command(command: &mut Command, letter: u8, words: &[&[u8]]) {
    // Behind the key, `ms` has a length.
    let fixed = if letter == b's' { 3 } else { 2 };
    let key = words.get(1).copied().unwrap_or_default();
    let flags = meta::flags(letter, key, words.get(fixed..).unwrap_or_default());
    command.expected = Expected::Meta(flags.mark);
    let is_right =
        words.len() >= fixed && words.len() <= MOST_META_WORDS && key.len() <= LONGEST_KEY;
    if !is_right {
        return;
    }
    if flags.is_quiet && !matches!(letter, b'n' | b'e') {
        command.answers = Answers::Maybe;
    }
    if letter == b's' {
        command.block = block(words[2]);
    }
}

/// Returns the length of a block with its line end; 0 if memcached would not read one.
fn block(length: &[u8]) -> u64 {
    let length = number::<i32>(length).and_then(|length| u64::try_from(length).ok());
    length
        .map(|length| length + 2)
        .filter(|length| *length <= LARGEST_BLOCK)
        .unwrap_or(0)
}

fn number<N: std::str::FromStr>(word: &[u8]) -> Option<N> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
