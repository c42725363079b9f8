//! What the tests say on both sides of a dialogue, and what they find in it.

use crate::protocol::Answer;
use crate::protocol::harness::Dialogue;

pub(super) const PIECES: [usize; 5] = [1, 2, 3, 7, 1 << 20];

/// Returns a command as clients send it.
pub(super) fn command(words: &str) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let texts = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), texts.collect::<String>()).into_bytes()
}

pub(super) fn names(dialogue: &mut Dialogue, bytes: &[u8]) -> Vec<String> {
    let requests = dialogue.client(bytes);
    requests.into_iter().map(|request| request.name).collect()
}

/// Returns which requests the server's words answer.
pub(super) fn answered(dialogue: &mut Dialogue, bytes: &str) -> Vec<String> {
    let messages = dialogue.server(bytes.as_bytes());
    messages.into_iter().map(|(name, _)| name).collect()
}

pub(super) fn to_client(answers: &[Answer]) -> Vec<String> {
    let texts = answers
        .iter()
        .map(|answer| String::from_utf8_lossy(&answer.to_client));
    texts.map(|text| text.into_owned()).collect()
}
