//! What passes as it is, and what is refused.

use super::dialogue::Says::{Client, Server};
use super::dialogue::{HELLO, at, nothing, play};
use crate::protocol::Tls;
use crate::protocol::driver::Driver;
use crate::protocol::smtp::Smtp;

#[test]
fn a_mail_passes_as_it_is_and_dots_in_it_do_not_end_it() {
    let mail = "From: a\r\n\r\n..\r\n.x\r\nDATA\r\n.\r\n";
    let dialogue = [
        Client(
            "MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n",
            "MAIL FROM:<a>\r\nRCPT TO:<b>\r\nDATA\r\n",
        ),
        Server(
            "250 1\r\n250-2\r\n250 2\r\n354 3\r\n",
            "250 1\r\n250-2\r\n250 2\r\n354 3\r\n",
        ),
        Client(mail, mail),
        Client("QUIT\r\n", "QUIT\r\n"),
        Server("250 4\r\n221 5\r\n", "250 4\r\n221 5\r\n"),
    ];
    let dialogue: Vec<_> = HELLO.into_iter().chain(dialogue).collect();
    let driver = play(Smtp::new(), || nothing, &dialogue);
    assert_eq!(
        driver.names,
        [
            "greeting",
            "EHLO me",
            "MAIL FROM:<a>",
            "RCPT TO:<b>",
            "DATA",
            "MESSAGE",
            "QUIT"
        ]
    );
    assert_eq!(driver.unanswered(), 0);
}

#[test]
fn behind_a_data_that_the_server_refuses_commands_follow() {
    let driver = play(
        Smtp::new(),
        || nothing,
        &[
            Server("220 a\r\n", "220 a\r\n"),
            // Whoever does not wait is not heard before the server has answered.
            Client("DATA\r\nRSET\r\n", "DATA\r\n"),
            Server("503 1\r\n", "503 1\r\n"),
            Server("250 2\r\n", "250 2\r\n"),
        ],
    );
    assert_eq!(driver.names, ["greeting", "DATA", "RSET"]);
    assert_eq!(driver.to_server, b"");
}

#[test]
fn the_lines_of_an_authentication_are_neither_commands_nor_open_to_faults() {
    let driver = play(
        Smtp::new(),
        || at("QUIT", "450"),
        &[
            Server("220 a\r\n", "220 a\r\n"),
            Client("auth login\r\n", "auth login\r\n"),
            Server("334 x\r\n", "334 x\r\n"),
            Client("QUIT\r\n", "QUIT\r\n"),
            Server("334 y\r\n", "334 y\r\n"),
            Client("DATA\r\n", "DATA\r\n"),
            Server("235 ok\r\n", "235 ok\r\n"),
            Client("QUIT\r\n", "450 no\r\n"),
        ],
    );
    assert_eq!(
        driver.names,
        ["greeting", "AUTH LOGIN", "(AUTH)", "(AUTH)", "QUIT"]
    );
}

#[test]
fn a_chunk_is_part_of_its_request_and_one_that_fails_takes_the_others_with_it() {
    let chunks = "BDAT 6\r\nQUIT\r\nBDAT 0\r\nBDAT 2 LAST\r\n\r\n";
    let driver = play(
        Smtp::new(),
        || nothing,
        &[
            Server("220 a\r\n", "220 a\r\n"),
            Client(chunks, chunks),
            Server("250 1\r\n250 2\r\n250 3\r\n", "250 1\r\n250 2\r\n250 3\r\n"),
        ],
    );
    assert_eq!(driver.names[1..], ["BDAT 6", "BDAT 0", "BDAT 2 LAST"]);
    assert_eq!(driver.unanswered(), 0);
    let mut driver = Driver::new(&Smtp::new(), at("BDAT", "452"));
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"BDAT 6\r\nQUIT\r\nNOOP\r\n").unwrap();
    assert_eq!(driver.asked(), b"RSET\r\nNOOP\r\n");
    assert_eq!(driver.told(), b"220 a\r\n452 no\r\n");
}

#[test]
fn tls_is_refused_in_words_or_passed_through_with_all_that_follows() {
    let mut driver = Driver::new(&Smtp::new(), nothing);
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"STARTTLS\r\nNOOP\r\n").unwrap();
    assert_eq!(driver.asked(), b"NOOP\r\n");
    assert!(driver.told().starts_with(b"220 a\r\n502 5.5.1 "));
    assert!(!driver.is_closed);
    let list = "250-a\r\n250 STARTTLS\r\n";
    let driver = play(
        Smtp::new().tls(Tls::PassedThrough),
        || nothing,
        &[
            Server("220 a\r\n", "220 a\r\n"),
            Client("EHLO me\r\n", "EHLO me\r\n"),
            Server(list, list),
            Client("STARTTLS\r\n", "STARTTLS\r\n"),
            Server("454 not now\r\n", "454 not now\r\n"),
            Client("STARTTLS\r\n", "STARTTLS\r\n"),
            Server("220 go\r\n", "220 go\r\n"),
            Client("\u{16}\u{3}\u{1}", "\u{16}\u{3}\u{1}"),
            Server("\u{16}\u{3}\u{3}", "\u{16}\u{3}\u{3}"),
        ],
    );
    assert!(driver.is_opaque);
}

#[test]
fn tls_from_the_first_byte_is_seen() {
    let mut refused = Driver::new(&Smtp::new(), nothing);
    assert!(refused.client(b"\x16\x03\x01").is_err());
    let mut passed = Driver::new(&Smtp::new().tls(Tls::PassedThrough), nothing);
    passed.client(b"\x16\x03\x01").unwrap();
    assert!(passed.is_opaque);
}

#[test]
fn long_lines_are_not_kept_and_lists_without_end_are_refused() {
    let mut driver = Driver::new(&Smtp::new(), nothing);
    driver.server(b"220 a\r\n").unwrap();
    let long = [b"NOOP ".as_slice(), &vec![b'x'; 100_000], b"\r\nRSET\r\n"].concat();
    driver.client(&long).unwrap();
    assert_eq!(driver.asked(), long);
    assert_eq!(driver.names.len(), 3);
    driver.server(&vec![b'5'; 100_000]).unwrap();
    assert_eq!(driver.told().len(), 100_007);
    let mut driver = Driver::new(&Smtp::new(), nothing);
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"EHLO me\r\n").unwrap();
    assert!(driver.server(&b"250-x\r\n".repeat(10_000)).is_err());
}

#[test]
fn what_is_no_reply_passes() {
    let mut driver = Driver::new(&Smtp::new(), nothing);
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"NOOP\r\nNOOP\r\n").unwrap();
    driver.server(b"\n250\r\n421-bye\r\n421 bye\r\n").unwrap();
    assert_eq!(driver.told(), b"220 a\r\n\n250\r\n421-bye\r\n421 bye\r\n");
    assert_eq!(driver.unanswered(), 0);
}
