//! What another parser, of crate `smtp-proto`, makes of the same bytes.

use smtp_proto::request::receiver::DataReceiver;
use smtp_proto::response::parser::ResponseReceiver;
use smtp_proto::{EXT_START_TLS, EhloResponse};

use crate::protocol::Fault;
use crate::protocol::smtp::content::Content;
use crate::protocol::smtp::fault::{Error, KNOWN};
use crate::protocol::smtp::listing::without_tls;

#[test]
fn the_errors_are_replies_with_their_code_and_an_enhanced_one_of_its_class() {
    for known in KNOWN {
        let error = Error::read(&Fault {
            code: known.code.to_owned(),
            text: None,
        });
        let reply = error.unwrap().reply();
        let parsed = ResponseReceiver::default().parse(&mut reply.as_bytes().iter());
        let parsed = parsed.unwrap();
        assert!(known.code.starts_with(&parsed.code.to_string()), "{reply}");
        assert_eq!(u16::from(parsed.esc[0]), parsed.code / 100, "{reply}");
    }
}

#[test]
fn a_list_loses_tls_and_nothing_else() {
    let extensions = ["PIPELINING", "8BITMIME", "SIZE 1000", "CHUNKING"];
    for at in 0..=extensions.len() {
        let mut lines = extensions.to_vec();
        lines.insert(at, "STARTTLS");
        let last = lines.pop().unwrap();
        let lines: String = lines.iter().map(|line| format!("250-{line}\r\n")).collect();
        let list = format!("250-mx.example.org\r\n{lines}250 {last}\r\n");
        let parse = |list: &[u8]| EhloResponse::parse(&mut list.iter()).unwrap();
        let mut expected = parse(list.as_bytes());
        assert_ne!(expected.capabilities & EXT_START_TLS, 0);
        expected.capabilities &= !EXT_START_TLS;
        assert_eq!(parse(&without_tls(list.as_bytes()).unwrap()), expected);
    }
}

#[test]
fn messages_end_at_the_same_byte() {
    let mut random = fastrand::Rng::with_seed(16);
    for _ in 0..20_000 {
        let length = random.usize(1..24);
        // The other one does not know that an empty message ends with its first line.
        let mut message = b"a\r\n".to_vec();
        message.extend((0..length).map(|_| b"\r\n.a"[random.usize(..4)]));
        // To the other one, several carriage returns before a line feed are as good as one.
        if message.windows(2).any(|pair| pair == b"\r\r") {
            continue;
        }
        let (end, ends) = Content::new().pass(&message);
        let mut rest = message.iter();
        let other = DataReceiver::new().ingest(&mut rest, &mut Vec::new());
        let text = message.escape_ascii();
        assert_eq!(ends, other, "{text}");
        assert_eq!(end, message.len() - rest.len(), "{text}");
    }
}
