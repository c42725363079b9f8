//! What the tests say on both sides: packets, and a dialogue that is played in pieces.

use crate::protocol::driver::Driver;
use crate::protocol::mysql::Mysql;
use crate::protocol::{Fault, Request};

pub(super) const PROTOCOL_41: u32 = 1 << 9;
pub(super) const SSL: u32 = 1 << 11;
pub(super) const COMPRESS: u32 = 1 << 5;
pub(super) const DEPRECATE_EOF: u32 = 1 << 24;
pub(super) const LONG_PASSWORD: u32 = 1;
/// The bits of every dialogue, and some that change nothing here.
pub(super) const USUAL: u32 = PROTOCOL_41 | LONG_PASSWORD | 1 << 15 | 1 << 19;

pub(super) const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];
pub(super) const OK_AND_MORE: &[u8] = &[0, 0xfc, 0, 1, 0xfd, 1, 2, 3, 0x0a, 0, 0, 0];
pub(super) const EOF: &[u8] = &[0xfe, 0, 0, 2, 0];
pub(super) const EOF_AND_MORE: &[u8] = &[0xfe, 1, 0, 0x0a, 0];
pub(super) const EOF_WITH_CURSOR: &[u8] = &[0xfe, 0, 0, 0x42, 0];
pub(super) const OK_IN_PLACE_OF_EOF: &[u8] = &[0xfe, 0, 0, 2, 0, 0, 0];
pub(super) const OK_IN_PLACE_OF_EOF_AND_MORE: &[u8] = &[0xfe, 0, 0, 0x0a, 0, 0, 0];
pub(super) const ERR: &[u8] = b"\xff\x28\x04#42000You have an error";
pub(super) const DEFINITION: &[u8] =
    b"\x03def\x00\x00\x00\x01a\x00\x0c\x3f\x00\x01\0\0\0\x08\x81\0\0\0\0";

/// Returns packets with these payloads, numbered from `first`.
pub(super) fn packets(first: u8, payloads: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sequence = first;
    for payload in payloads {
        bytes.extend(&u32::try_from(payload.len()).unwrap().to_le_bytes()[..3]);
        bytes.push(sequence);
        bytes.extend(*payload);
        sequence = sequence.wrapping_add(1);
    }
    bytes
}

/// Returns a server's greeting.
pub(super) fn greeting(bits: u32, extended: u32) -> Vec<u8> {
    let [a, b, c, d] = bits.to_le_bytes();
    let payload = [
        &b"\x0a11.4.2-MariaDB\0"[..],
        &[1, 0, 0, 0],
        b"12345678\0",
        &[a, b, 0x2d, 2, 0, c, d, 21],
        &[0; 6],
        &extended.to_le_bytes(),
        b"123456789012\0mysql_native_password\0",
    ];
    packets(0, &[&payload.concat()])
}

/// Returns a client's answer to it.
pub(super) fn answer(bits: u32, extended: u32) -> Vec<u8> {
    let payload = [
        &bits.to_le_bytes()[..],
        &[0, 0, 0, 1, 45],
        &[0; 19],
        &extended.to_le_bytes(),
        b"root\0\0mysql_native_password\0",
    ];
    packets(1, &[&payload.concat()])
}

pub(super) fn nothing(_: &Request) -> Option<Fault> {
    None
}

/// Returns the error with this code for requests whose name begins so.
pub(super) fn at(
    name: &'static str,
    code: &'static str,
) -> impl FnMut(&Request) -> Option<Fault> + Clone + 'static {
    move |request| {
        request.name.starts_with(name).then(|| Fault {
            code: code.to_owned(),
            text: Some("no".to_owned()),
        })
    }
}

/// Returns a connection that is logged in, with these capabilities.
pub(super) fn logged_in(
    bits: u32,
    extended: u32,
    choose: impl FnMut(&Request) -> Option<Fault> + 'static,
) -> Driver {
    let mut driver = Driver::new(&Mysql::new(), choose);
    driver.server(&greeting(bits, extended)).unwrap();
    driver.client(&answer(bits, extended)).unwrap();
    driver.server(&packets(2, &[OK])).unwrap();
    assert_eq!(driver.unanswered(), 0);
    driver.asked();
    driver.told();
    driver.names.clear();
    driver
}

/// Gives a request and its reply in pieces of each size, a second request behind it, and sees that
/// each reply belongs to its request and nothing is changed. `extended` are MariaDB's bits.
pub(super) fn exchange(bits: u32, extended: u32, request: &[u8], reply: &[u8]) {
    let ping = packets(0, &[b"\x0e"]);
    let pong = packets(1, &[OK]);
    for size in [1, 2, 3, 5, 8, 13, 100, 100_000_000] {
        let mut driver = logged_in(bits, extended, nothing);
        let bytes = [request, &ping].concat();
        for piece in bytes.chunks(size) {
            driver.client(piece).unwrap();
        }
        assert_eq!(driver.asked(), bytes);
        for piece in reply.chunks(size) {
            assert_eq!(driver.unanswered(), 2, "by {size}");
            driver.server(piece).unwrap();
        }
        assert_eq!(driver.unanswered(), 1, "by {size}: {:?}", driver.names);
        driver.server(&pong).unwrap();
        assert_eq!(driver.unanswered(), 0);
        assert_eq!(driver.told(), [reply, &pong].concat());
    }
}
