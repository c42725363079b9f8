//! What the server sends that answers no command: messages, pushes, and lines of `MONITOR`.

use super::dialogue::{PIECES, answered, command};
use crate::protocol::harness::Dialogue;
use crate::protocol::redis::Redis;

#[test]
fn a_subscriber_of_resp2_gets_messages_between_replies() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Redis::new(), piece);
        dialogue.client(&[command("SUBSCRIBE a b"), command("PSUBSCRIBE c*")].concat());
        let message = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n";
        let confirmed = |word: &str, topic: &str, count: u32| {
            let (word_length, length) = (word.len(), topic.len());
            format!("*3\r\n${word_length}\r\n{word}\r\n${length}\r\n{topic}\r\n:{count}\r\n")
        };
        let words = [
            confirmed("subscribe", "a", 1),
            message.to_owned(),
            confirmed("subscribe", "b", 2),
            message.to_owned(),
            confirmed("psubscribe", "c*", 3),
            message.to_owned(),
        ];
        let found = answered(&mut dialogue, &words.concat());
        assert_eq!(found, ["SUBSCRIBE", "PSUBSCRIBE", "-"], "{piece}");
        dialogue.client(
            &[
                command("PING"),
                command("UNSUBSCRIBE"),
                command("PUNSUBSCRIBE"),
            ]
            .concat(),
        );
        let words = [
            message.to_owned(),
            "*2\r\n$4\r\npong\r\n$0\r\n\r\n".to_owned(),
            message.to_owned(),
            confirmed("unsubscribe", "a", 2),
            confirmed("unsubscribe", "b", 1),
            confirmed("punsubscribe", "c*", 0),
        ];
        let found = answered(&mut dialogue, &words.concat());
        assert_eq!(found, ["PING", "UNSUBSCRIBE", "PUNSUBSCRIBE"], "{piece}");
        // Without subscriptions, the same bytes are an ordinary reply.
        dialogue.client(&[command("UNSUBSCRIBE"), command("LRANGE l 0 -1")].concat());
        let words = format!("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n{message}");
        assert_eq!(answered(&mut dialogue, &words), ["UNSUBSCRIBE", "LRANGE"]);
    }
}

#[test]
fn a_subscription_that_is_refused_or_queued_has_one_reply() {
    let mut dialogue = Dialogue::new(&Redis::new(), 4);
    dialogue.client(
        &[
            command("SUBSCRIBE a b"),
            command("MULTI"),
            command("SUBSCRIBE a b"),
        ]
        .concat(),
    );
    let found = answered(&mut dialogue, "-NOPERM no\r\n+OK\r\n+QUEUED\r\n");
    assert_eq!(found, ["SUBSCRIBE", "MULTI", "SUBSCRIBE"]);
}

#[test]
fn pushes_of_resp3_are_no_replies() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Redis::new(), piece);
        dialogue.client(&[command("HELLO 3"), command("SUBSCRIBE a"), command("GET k")].concat());
        let words = "%1\r\n+proto\r\n:3\r\n\
                     >2\r\n+invalidate\r\n*1\r\n+k\r\n\
                     >3\r\n+subscribe\r\n+a\r\n:1\r\n\
                     >3\r\n+message\r\n+a\r\n+hi\r\n\
                     |1\r\n+ttl\r\n:1\r\n_\r\n\
                     >3\r\n+message\r\n+a\r\n+hi\r\n";
        let found = answered(&mut dialogue, words);
        assert_eq!(found, ["HELLO", "SUBSCRIBE", "GET", "-"], "{piece}");
    }
}

#[test]
fn lines_of_monitor_are_no_replies() {
    let mut dialogue = Dialogue::new(&Redis::new(), 6);
    dialogue.client(&command("MONITOR"));
    let line = "+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n";
    assert_eq!(
        answered(&mut dialogue, &format!("+OK\r\n{line}{line}")),
        ["MONITOR", "-", "-"]
    );
    dialogue.client(&[command("PING"), command("RESET"), command("GET a")].concat());
    let found = answered(
        &mut dialogue,
        &format!("{line}+PONG\r\n{line}+RESET\r\n+1a\r\n"),
    );
    assert_eq!(found, ["PING", "RESET", "GET"]);
}
