//! Conversations with redis as both sides hold them, in pieces of any size.

use super::Redis;
use crate::protocol::harness::{Dialogue, Sample, campaign};
use crate::protocol::{Answer, Answers, Fault, Protocol, Step};

const PIECES: [usize; 5] = [1, 2, 3, 7, 1 << 20];

/// Returns a command as clients send it.
fn command(words: &str) -> Vec<u8> {
    let words: Vec<&str> = words.split(' ').collect();
    let texts = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*{}\r\n{}", words.len(), texts.collect::<String>()).into_bytes()
}

fn names(dialogue: &mut Dialogue, bytes: &[u8]) -> Vec<String> {
    let requests = dialogue.client(bytes);
    requests.into_iter().map(|request| request.name).collect()
}

/// Returns which requests the server's words answer.
fn answered(dialogue: &mut Dialogue, bytes: &str) -> Vec<String> {
    let messages = dialogue.server(bytes.as_bytes());
    messages.into_iter().map(|(name, _)| name).collect()
}

fn to_client(answers: &[Answer]) -> Vec<String> {
    let texts = answers
        .iter()
        .map(|answer| String::from_utf8_lossy(&answer.to_client));
    texts.map(|text| text.into_owned()).collect()
}

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
fn an_error_in_a_transaction_breaks_it() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Redis::new(), piece);
        dialogue.client(&command("MULTI"));
        let said = dialogue.error(&command("SET a 1"), "LOADING");
        assert_eq!(
            to_client(&said),
            ["-LOADING Redis is loading the dataset in memory\r\n"]
        );
        let requests = dialogue.client(&[command("GET a"), command("EXEC")].concat());
        let instead = requests[1].instead.as_ref().unwrap();
        assert_eq!(instead.to_server, "*1\r\n$7\r\nDISCARD\r\n");
        let execabort = "-EXECABORT Transaction discarded because of previous errors.\r\n";
        assert_eq!(instead.to_client, execabort);
        assert_eq!(
            answered(&mut dialogue, "+OK\r\n+QUEUED\r\n+OK\r\n"),
            ["MULTI", "GET", "EXEC"]
        );
        // The next transaction is whole again.
        let next = [command("MULTI"), command("GET a"), command("EXEC")].concat();
        assert!(
            dialogue
                .client(&next)
                .iter()
                .all(|request| request.instead.is_none())
        );
    }
}

#[test]
fn an_error_at_multi_opens_no_transaction() {
    let mut dialogue = Dialogue::new(&Redis::new(), 5);
    dialogue.error(&command("MULTI"), "BUSY");
    dialogue.error(&command("SET a 1"), "BUSY");
    let requests = dialogue.client(&command("EXEC"));
    assert!(requests[0].instead.is_none());
}

#[test]
fn an_error_at_exec_ends_the_transaction_on_both_sides() {
    let mut dialogue = Dialogue::new(&Redis::new(), 5);
    for (code, text) in [
        (
            "OOM",
            "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory \
             > 'maxmemory'.\r\n",
        ),
        ("CLUSTERDOWN", "-CLUSTERDOWN Hash slot not served\r\n"),
    ] {
        dialogue.client(&[command("MULTI"), command("GET a")].concat());
        let said = dialogue.error(&command("EXEC"), code);
        assert_eq!(to_client(&said), [text]);
        assert_eq!(said[0].to_server, "*1\r\n$7\r\nDISCARD\r\n");
        let said = dialogue.error(&command("EXEC"), code);
        assert!(said[0].to_server.is_empty(), "no transaction is open");
    }
}

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

#[test]
fn a_client_that_wants_no_replies_gets_no_errors() {
    let mut dialogue = Dialogue::new(&Redis::new(), 9);
    let words = [
        "CLIENT REPLY SKIP",
        "SET a 1",
        "GET a",
        "client reply off",
        "GET a",
        "CLIENT REPLY ON",
        "GET a",
    ];
    let words: Vec<_> = words.iter().map(|words| command(words)).collect();
    let requests = dialogue.client(&words.concat());
    let answers: Vec<_> = requests
        .iter()
        .map(|request| request.answers == Answers::One)
        .collect();
    assert_eq!(answers, [false, false, true, false, false, true, true]);
    let open: Vec<_> = requests
        .iter()
        .map(|request| request.is_open_to_faults)
        .collect();
    assert_eq!(open, [false, true, true, false, true, false, true]);
    dialogue.client(&command("CLIENT REPLY OFF"));
    assert_eq!(to_client(&dialogue.error(&command("GET a"), "ERR")), [""]);
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

#[test]
fn every_known_error_is_said_in_redis_own_words() {
    for known in Redis::new().known_faults() {
        let text = (known.text.is_empty()).then(|| "3999 127.0.0.1:6381".to_owned());
        let fault = Fault {
            code: known.code.to_owned(),
            text: text.clone(),
        };
        assert_eq!(Redis::new().check(&fault), Ok(()));
        let mut conversation = Redis::new().conversation();
        let Ok(Step::Taken(taken)) = conversation.request(&command("GET a")) else {
            panic!("no request");
        };
        let answer = conversation.error(&taken.begins.unwrap(), &fault).unwrap();
        let text = text.unwrap_or_else(|| known.text.to_owned());
        assert_eq!(answer.to_client, format!("-{} {text}\r\n", known.code));
    }
}

#[test]
fn an_error_that_redis_could_not_say_is_refused() {
    let check = |code: &str, text: Option<&str>| {
        Redis::new().check(&Fault {
            code: code.to_owned(),
            text: text.map(str::to_owned),
        })
    };
    for (code, text) in [
        ("LOADNG", None),
        ("loading", Some("a")),
        ("", Some("a")),
        ("ERR", Some("a\r\n+OK")),
        ("MOVED", None),
        ("MOVED", Some("16384 a:1")),
        ("MOVED", Some("1 a:0")),
        ("ASK", Some("1 a")),
    ] {
        assert!(check(code, text).is_err(), "{code} {text:?}");
    }
    assert_eq!(check("NOPERM", Some("no")), Ok(()));
    assert_eq!(check("MOVED", Some("1 [::1]:6379")), Ok(()));
    let refused = check("LOADNG", None).unwrap_err().to_string();
    assert!(refused.contains("LOADING"), "{refused}");
}

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    let sample = |client: &'static [u8], server: &'static [u8]| Sample { client, server };
    campaign(
        &Redis::new(),
        &[
            sample(
                b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n12\r\nGET a\r\n",
                b"+OK\r\n$2\r\n12\r\n",
            ),
            sample(
                b"*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n*1\r\n$4\r\nEXEC\r\n",
                b"+OK\r\n+QUEUED\r\n*1\r\n:1\r\n",
            ),
            sample(
                b"*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$11\r\nUNSUBSCRIBE\r\n",
                b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n\
                  $2\r\nhi\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n",
            ),
            sample(
                b"HELLO 3\r\nMONITOR\r\n*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n",
                b"%1\r\n+proto\r\n:3\r\n+OK\r\n+1.2 [0 a] \"GET\"\r\n>2\r\n+invalidate\r\n*0\r\n",
            ),
            sample(
                b"*1\r\n$5\r\nRESET\r\n*1\r\n$4\r\nQUIT\r\n*0\r\n\r\n",
                b"|1\r\n+a\r\n+b\r\n~2\r\n,1.5\r\n#t\r\n=5\r\ntxt:a\r\n(1\r\n!3\r\nERR\r\n_\r\n*-1\r\n",
            ),
        ],
    );
}
