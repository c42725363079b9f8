//! Conversations of clients and servers of MySQL, and what becomes of them when they are damaged.

use super::dialogue::{
    DEFINITION, DEPRECATE_EOF, EOF, ERR, OK, OK_AND_MORE, OK_IN_PLACE_OF_EOF, SSL, USUAL, answer,
    greeting, packets,
};
use crate::protocol::Tls;
use crate::protocol::harness::{Sample, campaign};
use crate::protocol::mysql::Mysql;

fn sample(bits: u32, client: &[Vec<u8>], server: &[Vec<u8>]) -> Sample {
    let client = [vec![answer(bits, 0x1f)], client.to_vec()].concat();
    let beginning = vec![greeting(bits, 0x1f), packets(2, &[b"\x01\x03", OK])];
    let server = [beginning, server.to_vec()].concat();
    Sample {
        client: client.concat().leak(),
        server: server.concat().leak(),
    }
}

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    let prepared = b"\0\x01\0\0\0\x01\0\x01\0\0\0\0".as_slice();
    let samples = [
        sample(
            USUAL,
            &[
                packets(0, &[b"\x03SELECT 1; SELECT 2"]),
                packets(0, &[b"\x16SELECT ?"]),
                packets(0, &[b"\x17\x01\0\0\0\0\x01\0\0\0"]),
                packets(0, &[b"\x19\x01\0\0\0"]),
                packets(0, &[b"\x0e"]),
            ],
            &[
                packets(1, &[OK_AND_MORE, b"\x01", DEFINITION, EOF, b"\x011", EOF]),
                packets(1, &[prepared, DEFINITION, EOF, DEFINITION, EOF]),
                packets(1, &[b"\x01", DEFINITION, EOF, b"\0\0\x01", EOF]),
                packets(1, &[OK]),
            ],
        ),
        sample(
            USUAL | DEPRECATE_EOF,
            &[
                packets(0, &[b"\x03LOAD DATA LOCAL INFILE"]),
                packets(2, &[b"one", b"two", b""]),
                packets(0, &[b"\x04t\0"]),
                packets(0, &[b"\x11root\0"]),
                packets(2, &[b"password"]),
                packets(0, &[b"\x01"]),
            ],
            &[
                packets(1, &[b"\xfbfile"]),
                packets(5, &[OK]),
                packets(1, &[DEFINITION, OK_IN_PLACE_OF_EOF]),
                packets(1, &[b"\xfeplugin\0"]),
                packets(3, &[ERR]),
            ],
        ),
        sample(
            USUAL | SSL,
            &[packets(0, &[b"\x12binlog"])],
            &[packets(1, &[b"\0event", b"\0event"])],
        ),
    ];
    campaign(&Mysql::new(), &samples);
    campaign(&Mysql::new().tls(Tls::PassedThrough), &samples);
}
