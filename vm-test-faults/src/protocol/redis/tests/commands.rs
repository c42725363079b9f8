//! Commands of redis and the replies that each of them has.

use super::dialogue::{PIECES, answered, command, names};
use crate::protocol::harness::Dialogue;
use crate::protocol::redis::Redis;
use crate::protocol::{Protocol, Step};

#[test]
fn each_command_of_a_pipeline_has_its_reply() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Redis::new(), piece);
        let long = "x".repeat(3000);
        let pipeline = [
            command("set a 1"),
            command(&format!("SET b {long}")),
            command(&format!("MSET {long} 1 {long} 2")),
            b"get a\r\n".to_vec(),
            b"\r\n*0\r\n".to_vec(),
            command("LRANGE l 0 -1"),
        ];
        let found = names(&mut dialogue, &pipeline.concat());
        assert_eq!(found, ["SET", "SET", "MSET", "GET", "", "", "LRANGE"]);
        let replies = format!("+OK\r\n-ERR a\r\n+OK\r\n$3000\r\n{long}\r\n*2\r\n$1\r\na\r\n:1\r\n");
        let found = answered(&mut dialogue, &replies);
        assert_eq!(found, ["SET", "SET", "MSET", "GET", "LRANGE"], "{piece}");
        assert_eq!(answered(&mut dialogue, "-ERR timeout\r\n"), ["-"]);
    }
}

#[test]
fn the_first_part_of_a_command_does_not_depend_on_what_has_arrived() {
    let long = "x".repeat(3000);
    for (words, first) in [
        ("GET a".to_owned(), 20),
        (format!("SET key {long}"), 22),
        (format!("SET {long} 1"), 13),
        (format!("{long} 1"), 4 + 7 + 128),
    ] {
        let bytes = command(&words);
        for arrived in 1..=bytes.len() {
            let mut conversation = Redis::new().conversation();
            match conversation.request(&bytes[..arrived]).unwrap() {
                Step::Taken(taken) => assert_eq!(taken.length, first, "{arrived}"),
                step => assert!(
                    matches!(step, Step::More) && arrived < first + 8,
                    "{arrived}"
                ),
            }
        }
    }
}

#[test]
fn a_replica_and_tls_are_not_read() {
    let step = |bytes: &[u8]| Redis::new().conversation().request(bytes);
    for words in ["SYNC", "PSYNC ? -1"] {
        assert!(matches!(step(&command(words)), Ok(Step::Opaque)), "{words}");
    }
    let refused = step(b"\x16\x03\x01\x02\x00").unwrap_err().to_string();
    assert!(
        refused.contains("TLS") && refused.contains("hint: "),
        "{refused}"
    );
}

#[test]
fn what_is_no_command_is_refused() {
    for wrong in [
        b"*1\r\n:1\r\n".as_slice(),
        b"*1\r\n$-1\r\n",
        b"*x\r\n",
        b"*9999999999\r\n",
        b"*1\r\n$4\r\nPINGxx",
        &[b'a'; 65536],
    ] {
        let step = Redis::new().conversation().request(wrong);
        assert!(
            step.is_err(),
            "{}",
            wrong[..wrong.len().min(20)].escape_ascii()
        );
    }
}
