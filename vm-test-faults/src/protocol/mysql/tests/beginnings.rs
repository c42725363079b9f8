//! How a connection of MySQL begins: greetings, logins, and TLS.

use super::dialogue::{
    COMPRESS, DEPRECATE_EOF, ERR, OK, PROTOCOL_41, SSL, USUAL, answer, at, greeting, nothing,
    packets,
};
use crate::protocol::driver::Driver;
use crate::protocol::mysql::Mysql;
use crate::protocol::{Protocol, Step, Tls};

const OPTIONAL_METADATA: u32 = 1 << 25;
const ZSTD: u32 = 1 << 26;

#[test]
fn what_is_not_carried_is_not_offered_and_all_else_of_the_greeting_stays() {
    let all = greeting(u32::MAX, 0);
    for size in [1, 3, 10_000] {
        let mut driver = Driver::new(&Mysql::new(), nothing);
        for piece in all.chunks(size) {
            driver.server(piece).unwrap();
        }
        let left = !(SSL | COMPRESS | OPTIONAL_METADATA | ZSTD);
        assert_eq!(driver.told(), greeting(left, 0));
        let mut driver = Driver::new(&Mysql::new().tls(Tls::PassedThrough), nothing);
        driver.server(&all).unwrap();
        assert_eq!(driver.told(), greeting(left | SSL, 0));
        let mut driver = Driver::new(&Mysql::new(), nothing);
        driver.server(&greeting(USUAL, 0x1f)).unwrap();
        assert_eq!(driver.told(), greeting(USUAL, 0x1f));
    }
}

#[test]
fn a_login_is_one_exchange_however_often_the_two_speak() {
    let switch = b"\xfecaching_sha2_password\x0012345678901234567890\0";
    let mut driver = Driver::new(&Mysql::new(), at("login", "1045/28000"));
    driver.server(&greeting(USUAL, 0)).unwrap();
    driver.client(&answer(USUAL, 0)).unwrap();
    driver.server(&packets(2, &[switch])).unwrap();
    driver.client(&packets(3, &[&[7; 32]])).unwrap();
    // Full authentication: the client asks for a key, and sends its password.
    driver.server(&packets(4, &[b"\x01\x04"])).unwrap();
    driver.client(&packets(5, &[b"\x02"])).unwrap();
    driver.server(&packets(6, &[b"\x01key"])).unwrap();
    driver.client(&packets(7, &[&[9; 256]])).unwrap();
    assert_eq!(driver.unanswered(), 1);
    driver.server(&packets(8, &[OK])).unwrap();
    assert_eq!(driver.unanswered(), 0);
    driver.client(&packets(0, &[b"\x0e"])).unwrap();
    assert_eq!(
        driver.names,
        [
            "greeting",
            "(login)",
            "(login data)",
            "(login data)",
            "(login data)",
            "COM_PING"
        ]
    );
}

#[test]
fn a_server_may_say_two_things_of_a_login_in_a_row_and_another_user_logs_in_the_same_way() {
    let mut driver = Driver::new(&Mysql::new(), nothing);
    driver.server(&greeting(USUAL, 0)).unwrap();
    driver.client(&answer(USUAL, 0)).unwrap();
    driver.server(&packets(2, &[b"\x01\x03", OK])).unwrap();
    assert_eq!(driver.unanswered(), 0);
    driver.client(&packets(0, &[b"\x11other\0\0"])).unwrap();
    driver
        .server(&packets(1, &[b"\xfeplugin\0data\0"]))
        .unwrap();
    driver.client(&packets(2, &[b"password"])).unwrap();
    assert_eq!(driver.unanswered(), 1);
    driver.server(&packets(3, &[ERR])).unwrap();
    assert_eq!(driver.unanswered(), 0);
    driver.client(&packets(0, &[b"\x0e"])).unwrap();
    assert_eq!(
        driver.names[1..],
        ["(login)", "COM_CHANGE_USER", "(login data)", "COM_PING"]
    );
}

#[test]
fn a_server_that_wants_no_client_may_say_so() {
    let mut driver = Driver::new(&Mysql::new(), nothing);
    let refusal = packets(0, &[b"\xff\x10\x04#08004Too many connections"]);
    driver.server(&refusal).unwrap();
    assert_eq!(driver.told(), refusal);
    assert_eq!(driver.unanswered(), 0);
}

#[test]
fn tls_is_refused_in_words_or_passed_through_with_all_that_follows() {
    let request = packets(1, &[&answer(USUAL | SSL, 0)[4..36]]);
    let mut driver = Driver::new(&Mysql::new(), nothing);
    driver.server(&greeting(USUAL | SSL, 0)).unwrap();
    driver.told();
    driver.client(&request).unwrap();
    let told = driver.told();
    assert_eq!(told[3..13], *b"\x02\xff\x51\x04#HY000");
    assert!(told[13..].starts_with(b"This proxy does not carry TLS"));
    assert_eq!(driver.asked(), b"");
    assert!(driver.client(b"\x16\x03\x01").is_err());
    let mut driver = Driver::new(&Mysql::new().tls(Tls::PassedThrough), nothing);
    driver.server(&greeting(USUAL | SSL, 0)).unwrap();
    driver.told();
    driver.client(&request).unwrap();
    driver.client(b"\x16\x03\x01").unwrap();
    driver.server(b"\x16\x03\x03").unwrap();
    assert!(driver.is_opaque);
    assert_eq!(driver.asked(), [&request[..], b"\x16\x03\x01"].concat());
    assert_eq!(driver.told(), b"\x16\x03\x03");
}

#[test]
fn what_is_no_beginning_of_mysql_is_refused_or_passed_as_it_is() {
    let said = |bytes: &[u8]| {
        let mut conversation = Mysql::new().conversation();
        let greeting = conversation.greeting();
        conversation.reply(greeting.as_ref(), bytes)
    };
    assert!(said(b"HTTP/1.1 400 Bad Request\r\n").is_err(), "too long");
    assert!(matches!(said(&packets(0, &[b"\x09old"])), Ok(Step::Opaque)));
    assert!(matches!(said(&packets(0, &[b"\x0a8"])), Ok(Step::Opaque)));
    assert!(
        Mysql::new()
            .conversation()
            .request(b"GET / HTTP/1.1\r\n\r\n")
            .is_err()
    );
    let answered = |answer: &[u8]| {
        let mut driver = Driver::new(&Mysql::new(), nothing);
        driver.server(&greeting(USUAL | COMPRESS, 0)).unwrap();
        let result = driver.client(answer);
        (result.is_ok(), driver.is_opaque)
    };
    assert_eq!(
        answered(b"GET / HTTP/1.1 and some more bytes for the head"),
        (false, false)
    );
    assert_eq!(answered(&answer(USUAL | COMPRESS, 0)), (false, false));
    assert_eq!(answered(&answer(USUAL & !PROTOCOL_41, 0)), (true, true));
    assert_eq!(answered(&answer(USUAL | DEPRECATE_EOF, 0)), (true, false));
}
