//! Errors in place of replies.

use super::dialogue::Says::{Client, Server};
use super::dialogue::{HELLO, at, play};
use crate::protocol::driver::Driver;
use crate::protocol::smtp::Smtp;
use crate::protocol::{Fault, Request};

#[test]
fn an_error_after_data_swallows_the_mail_and_the_next_one_is_delivered() {
    let dialogue = [
        Client("MAIL FROM:<a>\r\n", "MAIL FROM:<a>\r\n"),
        Server("250 1\r\n", "250 1\r\n"),
        Client(
            "DATA\r\n",
            "RSET\r\n354 End data with <CR><LF>.<CR><LF>\r\n",
        ),
        Client("one\r\n.\r\n", "451 no\r\n"),
        Client("MAIL FROM:<b>\r\n", "MAIL FROM:<b>\r\n"),
        // The first reply is the one to RSET.
        Server("250-x\r\n250 x\r\n250 2\r\n", "250 2\r\n"),
    ];
    let dialogue: Vec<_> = HELLO.into_iter().chain(dialogue).collect();
    let driver = play(Smtp::new(), || at("DATA", "451 after DATA"), &dialogue);
    assert_eq!(driver.names[3..], ["DATA", "(MESSAGE)", "MAIL FROM:<b>"]);
    assert_eq!(driver.unanswered(), 0);
}

#[test]
fn the_late_reply_to_a_hidden_reset_is_not_taken_for_that_to_the_next_data() {
    let mut first = true;
    let choose = move |request: &Request| {
        let is_first = request.name == "DATA" && std::mem::take(&mut first);
        is_first.then(|| Fault {
            code: "550 after DATA".to_owned(),
            text: None,
        })
    };
    let mut driver = Driver::new(&Smtp::new(), choose);
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"DATA\r\nx\r\n.\r\nDATA\r\n").unwrap();
    assert_eq!(driver.asked(), b"RSET\r\nDATA\r\n");
    driver.server(b"250 reset\r\n").unwrap();
    driver.client(b"mail").unwrap();
    assert_eq!(driver.asked(), b"", "the server has not asked for the mail");
    driver.server(b"354 go\r\n").unwrap();
    driver.client(b"\r\n.\r\n").unwrap();
    assert_eq!(driver.asked(), b"mail\r\n.\r\n");
}

#[test]
fn a_message_that_the_server_is_receiving_gets_only_the_servers_answer() {
    let mut driver = Driver::new(&Smtp::new(), at("MESSAGE", "451"));
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"DATA\r\n").unwrap();
    driver.server(b"354 go\r\n").unwrap();
    driver.client(b"mail\r\n.\r\n").unwrap();
    assert_eq!(driver.asked(), b"DATA\r\nmail\r\n.\r\n");
    assert!(
        driver.refused[0].contains("would deliver it"),
        "{:?}",
        driver.refused
    );
}

#[test]
fn errors_answer_the_greeting_and_any_command_and_only_some_close() {
    let mut driver = Driver::new(&Smtp::new(), at("greeting", "554"));
    assert!(driver.is_closed);
    assert_eq!(driver.told(), b"554 no\r\n");
    for (command, code, closes) in [
        ("NOOP", "450", false),
        ("EHLO", "452", false),
        ("AUTH", "454", false),
        ("DATA", "552", false),
        ("QUIT", "421", true),
    ] {
        let mut driver = Driver::new(&Smtp::new(), at(command, code));
        driver.server(b"220 a\r\n").unwrap();
        driver
            .client(format!("{command}\r\nRSET\r\n").as_bytes())
            .unwrap();
        let said = driver.told();
        assert_eq!(said, format!("220 a\r\n{code} no\r\n").as_bytes());
        assert_eq!(driver.is_closed, closes);
        assert_eq!(driver.asked(), if closes { &b""[..] } else { b"RSET\r\n" });
    }
}

#[test]
fn behind_an_error_that_closes_nothing_is_heard() {
    let mut driver = Driver::new(&Smtp::new(), at("DATA", "421 after DATA"));
    driver.server(b"220 a\r\n").unwrap();
    driver.client(b"DATA\r\nx\r\n.\r\n").unwrap();
    assert!(driver.told().ends_with(b"\r\n421 no\r\n"));
    assert!(driver.client(b"QUIT\r\n").is_err());
}
