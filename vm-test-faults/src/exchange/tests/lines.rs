//! A protocol of lines, for what HTTP does not have: greetings, requests without a reply or with
//! one perhaps, substitutes, and the end of what is understood.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::timeout;

use super::scene::{Scene, rule, soon};
use crate::behavior::{Delay, Error};
use crate::exchange::{NamePattern, Rule};
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Instead, KnownFault, Protocol, Request, Step, Taken,
    Unsupported, Violation,
};

/// A line is a request, and its first letter is what it is. A reply is a line as well; one to a
/// quiet request begins with `q`.
struct Lines;

impl Protocol for Lines {
    fn name(&self) -> &'static str {
        "lines"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Lines)
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        &[]
    }

    fn check(&self, _fault: &Fault) -> Result<(), Unsupported> {
        Ok(())
    }

    fn server_speaks_first(&self) -> bool {
        true
    }
}

fn line(bytes: &[u8], begins: Option<Request>) -> Step {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => Step::Taken(Taken {
            length: end + 1,
            begins,
            ends: true,
        }),
        None => Step::More,
    }
}

fn request(name: &str, answers: Answers) -> Request {
    Request {
        name: name.to_owned(),
        answers,
        is_open_to_faults: true,
        instead: None,
        detail: 0,
    }
}

impl Conversation for Lines {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let begins = match bytes[0] {
            b'a' => request("ask", Answers::One),
            b'q' => request("quiet", Answers::Maybe),
            b'n' => request("none", Answers::None),
            b'i' => Request {
                instead: Some(Instead {
                    to_server: Bytes::from_static(b"a hidden\n"),
                    to_client: Bytes::from_static(b"instead\n"),
                }),
                ..request("instead", Answers::One)
            },
            b'!' => return Ok(Step::Opaque),
            _ => return Err(Violation("not a line of this protocol".to_owned())),
        };
        Ok(line(bytes, Some(begins)))
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        let is_quiet = request.is_some_and(|it| it.answers == Answers::Maybe);
        if is_quiet && bytes[0] != b'q' {
            return Ok(Step::Unanswered);
        }
        Ok(line(bytes, None))
    }

    fn error(&mut self, _request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        Ok(Answer {
            to_client: Bytes::from(format!("error {}\n", fault.code)),
            ..Answer::default()
        })
    }

    fn greeting(&mut self) -> Option<Request> {
        Some(request("greeting", Answers::One))
    }
}

fn on(name: &str, code: &str) -> Rule {
    rule(Error::with(code)).on(NamePattern::new(name))
}

fn connect(rules: Vec<Rule>) -> (DuplexStream, DuplexStream, Scene) {
    let scene = Scene::with(Lines, rules);
    let (server, their_server) = duplex(4_096);
    let (client, _) = scene.relayed(server);
    (client, their_server, scene)
}

async fn expect(stream: &mut DuplexStream, text: &str) {
    let mut read = vec![0; text.len()];
    soon(stream.read_exact(&mut read)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&read), text);
}

async fn is_silent(stream: &mut DuplexStream) {
    let wait = Duration::from_millis(20);
    assert!(timeout(wait, stream.read(&mut [0])).await.is_err());
}

#[tokio::test]
async fn each_reply_finds_its_request_past_quiet_ones_and_injected_errors() {
    let (mut client, mut server, scene) = connect(vec![on("ask", "x")]);
    server.write_all(b"hello\n").await.unwrap();
    expect(&mut client, "hello\n").await;
    client.write_all(b"q1\nq2\nn\na\nq3\ni\n").await.unwrap();
    expect(&mut server, "q1\nq2\nn\nq3\na hidden\n").await;
    server.write_all(b"q of 2\nhidden\n").await.unwrap();
    // The server's only quiet reply is that to the first quiet request, for all one can know.
    expect(&mut client, "q of 2\nerror x\ninstead\n").await;
    server.write_all(b"unasked\n").await.unwrap();
    expect(&mut client, "unasked\n").await;
    assert_eq!(scene.carrier.hits(), 1);
    assert_eq!(scene.carrier.violations(), [""; 0]);
}

#[tokio::test]
async fn an_error_does_not_wait_for_ever_behind_a_request_that_stays_unanswered() {
    let (mut client, mut server, _scene) = connect(vec![on("ask", "x")]);
    server.write_all(b"hello\n").await.unwrap();
    client.write_all(b"q\na\n").await.unwrap();
    expect(&mut client, "hello\nerror x\n").await;
    expect(&mut server, "q\n").await;
}

#[tokio::test]
async fn a_greeting_may_be_replaced_by_a_last_word_or_held_back() {
    let (mut client, mut server, _scene) = connect(vec![on("greeting", "busy")]);
    server.write_all(b"hello\n").await.unwrap();
    expect(&mut client, "error busy\n").await;
    assert_eq!(soon(client.read(&mut [0])).await.unwrap(), 0);
    assert_eq!(soon(server.read(&mut [0])).await.unwrap(), 0);

    let delay = Delay {
        sleep: Duration::from_millis(200),
        before: true,
    };
    let (mut client, mut server, _scene) = connect(vec![rule(delay)]);
    server.write_all(b"hello\n").await.unwrap();
    is_silent(&mut client).await;
    expect(&mut client, "hello\n").await;
}

#[tokio::test]
async fn both_directions_pass_untouched_behind_what_is_not_understood() {
    let (mut client, mut server, scene) = connect(vec![on("ask", "x")]);
    server.write_all(b"hello\n").await.unwrap();
    expect(&mut client, "hello\n").await;
    client.write_all(b"!a\n").await.unwrap();
    expect(&mut server, "!a\n").await;
    client.write_all(b"a\n").await.unwrap();
    expect(&mut server, "a\n").await;
    server.write_all(b"no line").await.unwrap();
    expect(&mut client, "no line").await;
    assert_eq!(scene.carrier.hits(), 0);
}

#[tokio::test]
async fn more_requests_than_are_read_ahead_wait_and_none_is_lost() {
    let (mut client, mut server, _scene) = connect(Vec::new());
    server.write_all(b"hello\n").await.unwrap();
    expect(&mut client, "hello\n").await;
    let serving = async {
        for _ in 0..5_000 {
            expect(&mut server, "a\n").await;
            server.write_all(b"b\n").await.unwrap();
        }
    };
    let (mut reads, mut writes) = tokio::io::split(client);
    let requests = b"a\n".repeat(5_000);
    let asking = writes.write_all(&requests);
    let reading = async {
        let mut replies = vec![0; 10_000];
        reads.read_exact(&mut replies).await.unwrap();
        assert_eq!(replies, b"b\n".repeat(5_000));
    };
    let (_, asked, ()) = soon(async { tokio::join!(serving, asking, reading) }).await;
    asked.unwrap();
}
