//! Conversations with memcached in both of its protocols, as both sides hold them, in pieces of any
//! size.

use super::Memcache;
use crate::protocol::harness::{Dialogue, Sample, campaign};
use crate::protocol::{Answers, Protocol, Step};

const PIECES: [usize; 5] = [1, 2, 3, 7, 1 << 20];

fn names(dialogue: &mut Dialogue, bytes: &[u8]) -> Vec<String> {
    let requests = dialogue.client(bytes);
    requests.into_iter().map(|request| request.name).collect()
}

fn answered(dialogue: &mut Dialogue, bytes: &[u8]) -> Vec<String> {
    let messages = dialogue.server(bytes);
    messages.into_iter().map(|(name, _)| name).collect()
}

fn in_text(dialogue: &mut Dialogue, bytes: &str, code: &str) -> Vec<String> {
    let answers = dialogue.error(bytes.as_bytes(), code);
    let texts = answers
        .iter()
        .map(|answer| String::from_utf8_lossy(&answer.to_client));
    texts.map(|text| text.into_owned()).collect()
}

/// Returns a packet of the binary protocol.
fn packet(
    magic: u8,
    opcode: u8,
    opaque: u8,
    status: u8,
    extras: &[u8],
    key: &str,
    value: &str,
) -> Vec<u8> {
    let body = extras.len() + key.len() + value.len();
    let byte = |length: usize| u8::try_from(length).unwrap();
    let mut packet = vec![
        magic,
        opcode,
        0,
        byte(key.len()),
        byte(extras.len()),
        0,
        0,
        status,
    ];
    packet.extend([0, 0, 0, byte(body), 0, 0, 0, opaque]);
    packet.extend([0; 8]);
    packet.extend([extras, key.as_bytes(), value.as_bytes()].concat());
    packet
}

#[test]
fn each_command_of_the_text_protocol_has_its_reply() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Memcache::new(), piece);
        let keys = "key ".repeat(1000);
        let commands = format!(
            "set a 0 0 5\r\nEND\r\n\r\ncas a 0 0 0 1\r\n\r\nget a\r\nget {keys}\r\ngats 10 a\r\n\
             incr a 1\r\ntouch a 0\r\nstats\r\nlru_crawler metadump all\r\nversion\r\nstrange\r\n\
             flush_all\r\n\r\nget a\n"
        );
        let found = names(&mut dialogue, commands.as_bytes());
        let wanted = [
            "set",
            "cas",
            "get",
            "get",
            "gats",
            "incr",
            "touch",
            "stats",
            "lru_crawler",
            "version",
            "strange",
            "flush_all",
            "?",
            "get",
        ];
        let wanted = wanted.map(|name| if name == "?" { "\r" } else { name });
        let wanted = wanted.map(|name| name.replace('\r', "?"));
        assert_eq!(found, wanted, "{piece}");
        let replies = b"STORED\r\nNOT_FOUND\r\nVALUE a 0 5\r\nEND\r\n\r\nVALUE b 0 0\r\n\r\nEND\r\n\
            SERVER_ERROR out of memory\r\nVALUE a 0 1 7\r\n1\r\nEND\r\n2\r\nTOUCHED\r\n\
            STAT pid 1\r\nSTAT uptime 2\r\nEND\r\nkey=a exp=-1\r\nEND\r\nVERSION 1.6\r\nERROR\r\nOK\r\n\
            ERROR\r\nEND\r\n";
        assert_eq!(answered(&mut dialogue, replies), wanted, "{piece}");
        assert_eq!(answered(&mut dialogue, b"SERVER_ERROR a\r\n"), ["-"]);
    }
}

#[test]
fn a_command_with_noreply_gets_no_error_and_its_data_are_read() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Memcache::new(), piece);
        let commands = "set a 0 0 8 noreply\r\nget evil\r\nadd a 0 0 2\r\nhi\r\ndelete a noreply\r\n\
                        incr a 1 noreply\r\nflush_all noreply\r\nquit\r\n";
        let error = "SERVER_ERROR out of memory storing object\r\n";
        let said = in_text(&mut dialogue, commands, "SERVER_ERROR");
        assert_eq!(said, ["", error, "", "", "", ""], "{piece}");
    }
}

#[test]
fn a_wrong_line_has_no_data_as_in_memcached() {
    let mut dialogue = Dialogue::new(&Memcache::new(), 5);
    let key = "k".repeat(251);
    let commands = format!(
        "set a 0 0\r\nset a x 0 1\r\nset a 0 0 -1\r\nset {key} 0 0 1\r\ncas a 0 0 1 x\r\nset a 0 0 \
         2147483647\r\nms a x\r\nversion\r\n"
    );
    let found = names(&mut dialogue, commands.as_bytes());
    assert_eq!(
        found,
        ["set", "set", "set", "set", "cas", "set", "ms", "version"]
    );
}

#[test]
fn a_quiet_meta_command_is_answered_or_not() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Memcache::new(), piece);
        let commands = "mg a v q k\r\nmg b v q O7\r\nmg c v q\r\nms d 2 q\r\nhi\r\nmd e q\r\n\
                        ma f q\r\nmn\r\nme a\r\nmg a v\r\nms a S1\r\n";
        let requests = dialogue.client(commands.as_bytes());
        let quiet = requests
            .iter()
            .map(|request| request.answers == Answers::Maybe);
        let quiet: Vec<_> = quiet.collect();
        assert_eq!(
            quiet,
            [
                true, true, true, true, true, true, false, false, false, false
            ]
        );
        let replies = b"VA 4 O7\r\nMN\r\n\r\nNS\r\nMN\r\nEN\r\nEN\r\nCLIENT_ERROR bad\r\n";
        let messages = dialogue.server(replies);
        let messages: Vec<_> = messages
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_str()))
            .collect();
        assert_eq!(
            messages,
            [
                ("mg", "VA 4 O7\r\nMN\r\n\r\n"),
                ("ms", "NS\r\n"),
                ("mn", "MN\r\n"),
                ("me", "EN\r\n"),
                ("mg", "EN\r\n"),
                ("ms", "CLIENT_ERROR bad\r\n"),
            ],
            "{piece}"
        );
        assert_eq!(dialogue.waiting(), 0);
    }
}

#[test]
fn a_quiet_meta_command_gets_errors_as_from_memcached() {
    let mut dialogue = Dialogue::new(&Memcache::new(), 3);
    let said = in_text(&mut dialogue, "ms a 5 q\r\nget a\r\nmn\r\n", "ERROR");
    assert_eq!(said, ["ERROR\r\n", "ERROR\r\n"]);
}

#[test]
fn each_packet_of_the_binary_protocol_has_its_reply() {
    for piece in PIECES {
        let mut dialogue = Dialogue::new(&Memcache::new(), piece);
        let commands = [
            packet(0x80, 0x01, 1, 0, &[0; 8], "a", "value"),
            packet(0x80, 0x0d, 2, 0, &[], "a", ""),
            packet(0x80, 0x0d, 3, 0, &[], "b", ""),
            packet(0x80, 0x11, 4, 0, &[0; 8], "a", "value"),
            packet(0x80, 0x0a, 5, 0, &[], "", ""),
            packet(0x80, 0x10, 6, 0, &[], "", ""),
            packet(0x80, 0x17, 7, 0, &[], "", ""),
        ];
        let found = names(&mut dialogue, &commands.concat());
        assert_eq!(
            found,
            ["set", "getkq", "getkq", "setq", "noop", "stat", "quitq"]
        );
        let replies = [
            packet(0x81, 0x01, 1, 0, &[], "", ""),
            packet(0x81, 0x0d, 3, 0, &[0; 4], "b", "value"),
            packet(0x81, 0x0a, 5, 0, &[], "", ""),
            packet(0x81, 0x10, 6, 0, &[], "pid", "1"),
            packet(0x81, 0x10, 6, 0, &[], "uptime", "2"),
            packet(0x81, 0x10, 6, 0, &[], "", ""),
        ];
        let found = answered(&mut dialogue, &replies.concat());
        assert_eq!(found, ["set", "getkq", "noop", "stat"], "{piece}");
        assert_eq!(dialogue.waiting(), 0);
    }
}

#[test]
fn an_error_of_the_binary_protocol_has_the_number_of_its_request() {
    let mut dialogue = Dialogue::new(&Memcache::new(), 4);
    let quiet = packet(0x80, 0x11, 9, 0, &[0; 8], "a", "value");
    let said = dialogue.error(
        &[quiet, packet(0x80, 0x17, 8, 0, &[], "", "")].concat(),
        "0x0085",
    );
    assert_eq!(
        said[0].to_client,
        packet(0x81, 0x11, 9, 0x85, &[], "", "Busy")
    );
    assert!(said[1].to_client.is_empty(), "quitq says nothing");
}

#[test]
fn the_number_of_a_request_does_not_tell_it_from_others() {
    let part = |bytes: Vec<u8>| Memcache::new().distinctive_part(&bytes).to_vec();
    assert_eq!(part(packet(0x80, 0x00, 9, 0, &[], "key", "")), b"key");
    assert_eq!(part(b"get a\r\n".to_vec()), b"get a\r\n");
}

#[test]
fn what_is_no_command_is_refused() {
    let mut short = packet(0x80, 0x00, 0, 0, &[], "key", "");
    short[11] = 2;
    let later = [packet(0x80, 0x0a, 0, 0, &[], "", ""), b"get a\r\n".to_vec()].concat();
    for wrong in [b"\x16\x03\x01".to_vec(), vec![b'a'; 4096], short, later] {
        let mut conversation = Memcache::new().conversation();
        let mut rest = wrong.as_slice();
        let refused = loop {
            match conversation.request(rest) {
                Ok(Step::Taken(taken)) => rest = &rest[taken.length..],
                Ok(step) => panic!("{step:?}"),
                Err(refused) => break refused,
            }
        };
        assert!(!refused.to_string().is_empty());
    }
    let watch = Memcache::new()
        .conversation()
        .request(b"watch fetchers\r\n")
        .unwrap();
    assert!(matches!(watch, Step::Opaque));
}

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    let sample = |client: &'static [u8], server: &'static [u8]| Sample { client, server };
    campaign(
        &Memcache::new(),
        &[
            sample(
                b"set a 0 0 5\r\nhello\r\nget a b\r\nincr n 1\r\n",
                b"STORED\r\nVALUE a 0 5\r\nhello\r\nEND\r\n7\r\n",
            ),
            sample(
                b"cas a 0 0 2 9 noreply\r\nhi\r\nstats\r\ngats 1 a\r\nflush_all noreply\r\n",
                b"STAT pid 1\r\nEND\r\nVALUE a 0 2 9\r\nhi\r\nEND\r\n",
            ),
            sample(
                b"mg a v q k\r\nmg b v q O7\r\nms c 2 q\r\nhi\r\nmd d q\r\nma e\r\nmn\r\n",
                b"VA 2 O7\r\nhi\r\nNS\r\nHD\r\nMN\r\n",
            ),
        ],
    );
    campaign(
        &Memcache::new(),
        &[
            sample(
                b"\x80\x01\0\x01\x08\0\0\0\0\0\0\x0b\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0ahi",
                b"\x81\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01",
            ),
            sample(
                b"\x80\x0d\0\x01\0\0\0\0\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\0a",
                b"\x81\x0d\0\x01\x04\0\0\0\0\0\0\x07\0\0\0\x02\0\0\0\0\0\0\0\x01\0\0\0\0ahi",
            ),
            sample(
                b"\x80\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0",
                b"\x81\x10\0\x01\0\0\0\0\0\0\0\x02\0\0\0\x03\0\0\0\0\0\0\0\0a1\
                  \x81\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0",
            ),
        ],
    );
}
