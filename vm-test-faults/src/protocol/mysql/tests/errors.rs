//! Errors in place of replies.

use super::dialogue::{OK, USUAL, at, exchange, greeting, logged_in, packets};
use crate::protocol::driver::Driver;
use crate::protocol::mysql::Mysql;
use crate::protocol::{Fault, Protocol, Request};

fn error(sequence: u8, number: u16, state: &str) -> Vec<u8> {
    let [low, high] = number.to_le_bytes();
    let payload = [&[0xff, low, high, b'#'], state.as_bytes(), b"no"].concat();
    packets(sequence, &[&payload])
}

#[test]
fn an_error_in_place_of_the_greeting_is_packet_zero_without_a_state_and_closes() {
    let mut driver = Driver::new(&Mysql::new(), at("greeting", "1040"));
    assert_eq!(driver.told(), packets(0, &[b"\xff\x10\x04no"]));
    assert!(driver.is_closed);
    driver.server(&greeting(USUAL, 0)).unwrap();
    assert_eq!(driver.told(), b"");
}

#[test]
fn a_state_that_a_test_names_stands_in_place_of_the_greeting_too() {
    let mut driver = Driver::new(&Mysql::new(), at("greeting", "1040/08004"));
    assert_eq!(driver.told(), error(0, 1040, "08004"));
    assert!(driver.is_closed);
}

#[test]
fn an_error_has_the_number_behind_that_of_its_request_and_the_next_request_works() {
    for (code, number, state) in [
        ("1205", 1205, "HY000"),
        ("1290/HY000", 1290, "HY000"),
        ("1317", 1317, "70100"),
        ("1040", 1040, "08004"),
        ("4711/XYZ01", 4711, "XYZ01"),
    ] {
        for size in [1, 4, 6, 1000] {
            let mut driver = logged_in(USUAL, 0, at("COM_QUERY", code));
            let query = packets(0, &[b"\x03SELECT 1"]);
            let ping = packets(0, &[b"\x0e"]);
            for piece in [&query[..], &ping].concat().chunks(size) {
                driver.client(piece).unwrap();
            }
            driver.server(&packets(1, &[OK])).unwrap();
            assert_eq!(driver.asked(), ping);
            assert_eq!(
                driver.told(),
                [error(1, number, state), packets(1, &[OK])].concat()
            );
            assert!(!driver.is_closed);
        }
    }
    let mut driver = logged_in(USUAL, 0, at("COM_QUERY", "1205"));
    driver.client(&packets(255, &[b"\x03SELECT 1"])).unwrap();
    assert_eq!(driver.told(), error(0, 1205, "HY000"));
}

#[test]
fn behind_a_deadlock_the_server_rolls_back_whatever_the_request_was() {
    let rollback = packets(0, &[b"\x03ROLLBACK"]);
    for request in [
        b"\x03UPDATE t".as_slice(),
        b"\x16UPDATE t",
        b"\x17\x01\0\0\0",
        b"\x1c\x01\0\0\0",
    ] {
        let mut driver = logged_in(USUAL, 0, at("COM_", "1213"));
        driver.client(&packets(0, &[request])).unwrap();
        assert_eq!(driver.asked(), rollback);
        assert_eq!(driver.told(), error(1, 1213, "40001"));
        driver.server(&packets(1, &[OK])).unwrap();
        assert_eq!((driver.unanswered(), driver.told()), (0, vec![]));
    }
    exchange(USUAL, 0, &rollback, &packets(1, &[OK]));
}

#[test]
fn a_rollback_behind_an_unanswered_request_does_not_take_its_reply() {
    let mut driver = logged_in(USUAL, 0, at("COM_STMT_PREPARE", "1213"));
    driver.client(&packets(0, &[b"\x03SELECT 1"])).unwrap();
    driver.client(&packets(0, &[b"\x16UPDATE t"])).unwrap();
    driver.client(&packets(0, &[b"\x0e"])).unwrap();
    assert_eq!(driver.unanswered(), 3);
    for unanswered in [2, 1, 0] {
        driver.server(&packets(1, &[OK])).unwrap();
        assert_eq!(driver.unanswered(), unanswered);
    }
}

#[test]
fn a_server_that_shuts_down_closes_and_a_long_request_keeps_its_own_reply() {
    let mut driver = logged_in(USUAL, 0, at("COM_PING", "1053"));
    driver.client(&packets(0, &[b"\x0e"])).unwrap();
    assert!(driver.is_closed);
    let mut driver = logged_in(USUAL, 0, at("COM_QUERY", "1205"));
    let long = [b"\xff\xff\xff\0\x03".as_slice(), &[b'x'; 1000]].concat();
    driver.client(&long).unwrap();
    assert_eq!(driver.asked(), long);
    assert!(driver.refused[0].contains("16 MiB"), "{:?}", driver.refused);
}

#[test]
fn requests_without_reply_are_closed_to_faults() {
    let mut driver = logged_in(USUAL, 0, |request: &Request| {
        (request.name != "greeting").then(|| Fault {
            code: "1205".to_owned(),
            text: None,
        })
    });
    for command in [b"\x18\x01\0\0\0\0\0".as_slice(), b"\x19\x01\0\0\0", b"\x01"] {
        driver.client(&packets(0, &[command])).unwrap();
        assert_eq!(driver.asked(), packets(0, &[command]));
        assert_eq!(driver.told(), b"");
    }
    let check = |code: &str| {
        let code = code.to_owned();
        Mysql::new().check(&Fault { code, text: None })
    };
    assert_eq!(check("1213"), Ok(()));
    assert!(check("LOADING").is_err());
}
