//! Requests of the bench's clients and the replies that they expect: one exchange with a small
//! reply, and one with a large reply. Small messages have the same length for both servers.

/// The length of a small request, and of the reply to it.
pub(super) const SMALL: usize = 64;

/// The length of what is sent for a large request, without what a protocol adds.
pub(super) const LARGE: usize = 128 << 20;

/// The first byte of a request for as much as [`LARGE`].
pub(super) const ASKS_FOR_LARGE: u8 = b'L';

/// Values in the server of redis: one that makes a small reply, and a part of a large one.
const SMALL_VALUE: usize = SMALL - "$57\r\n\r\n".len();
const LARGE_VALUE: usize = 1 << 20;

/// What is said to one kind of server.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) request: Vec<u8>,
    pub(super) reply: Vec<u8>,
    pub(super) large_request: Vec<u8>,
    /// The length of the reply to the large request.
    pub(super) large_reply: usize,
}

impl Talk {
    /// Returns what is said to a server of this program.
    pub(super) fn echo() -> Self {
        let mut large_request = vec![b'-'; SMALL];
        large_request[0] = ASKS_FOR_LARGE;
        Self {
            request: vec![b'x'; SMALL],
            reply: vec![b'x'; SMALL],
            large_request,
            large_reply: LARGE,
        }
    }

    /// Returns what is said to redis, once it has been [prepared](prepare_redis).
    pub(super) fn redis() -> Self {
        let get = command(&[b"GET", &small_key()]);
        let large_get = command(&[b"GET", b"large"]);
        let parts = LARGE / LARGE_VALUE;
        Self {
            request: get,
            reply: bulk_string(&[b'x'; SMALL_VALUE]),
            large_request: large_get.repeat(parts),
            large_reply: parts * bulk_string(&[b'x'; LARGE_VALUE]).len(),
        }
    }
}

/// Returns the commands that give redis the values that are asked for, and their replies.
pub(super) fn prepare_redis() -> (Vec<u8>, &'static [u8]) {
    let mut commands = command(&[b"SET", &small_key(), &[b'x'; SMALL_VALUE]]);
    commands.extend(command(&[b"SET", b"large", &[b'x'; LARGE_VALUE]]));
    (commands, b"+OK\r\n+OK\r\n")
}

/// Returns a key that makes a request for its value as long as small messages are.
fn small_key() -> Vec<u8> {
    let rest = SMALL - "*2\r\n$3\r\nGET\r\n$44\r\n\r\n".len();
    vec![b'k'; rest]
}

fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(bulk_string(word));
    }
    bytes
}

fn bulk_string(word: &[u8]) -> Vec<u8> {
    let mut bytes = format!("${}\r\n", word.len()).into_bytes();
    bytes.extend_from_slice(word);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_messages_have_one_length_and_large_replies_nearly() {
        let (echo, redis) = (Talk::echo(), Talk::redis());
        for talk in [&echo, &redis] {
            assert_eq!((talk.request.len(), talk.reply.len()), (SMALL, SMALL));
        }
        let more = redis.large_reply - echo.large_reply;
        assert!(more < LARGE / 1_000, "{more}");
        assert_ne!(echo.request[0], ASKS_FOR_LARGE);
    }
}
