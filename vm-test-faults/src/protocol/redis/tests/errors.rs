//! Errors in place of replies, also of those in transactions.

use super::dialogue::{PIECES, answered, command, to_client};
use crate::protocol::harness::Dialogue;
use crate::protocol::redis::Redis;
use crate::protocol::{Answers, Fault, Protocol, Step};

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
