//! Conversations of mail clients and servers, and what becomes of them when they are damaged.

use crate::protocol::Tls;
use crate::protocol::harness::{Sample, campaign};
use crate::protocol::smtp::Smtp;

const SAMPLES: &[Sample] = &[
    Sample {
        client: b"EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n..\r\n.\r\nQUIT\r\n",
        server: b"220 a\r\n250-a\r\n250-STARTTLS\r\n250 SIZE\r\n250 1\r\n250 2\r\n354 3\r\n250 4\r\n221 5\r\n",
    },
    Sample {
        client: b"EHLO me\r\nAUTH LOGIN\r\ndXNlcg==\r\ncGFzcw==\r\nNOOP\r\nSTARTTLS\r\n\x16\x03\x01",
        server: b"220-a\r\n220 a\r\n250 a\r\n334 x\r\n334 y\r\n235 z\r\n250 1\r\n220 go\r\n\x16\x03\x03",
    },
    Sample {
        client: b"HELO me\r\nBDAT 6\r\nQUIT\r\nBDAT 0\r\nBDAT 4 LAST\r\n.\r\n\nDATA\r\nRSET\r\n",
        server: b"220 a\r\n250 a\r\n250 1\r\n250 2\r\n250 3\r\n503 4\r\n421 bye\r\n",
    },
];

#[test]
fn any_bytes_in_any_pieces_mean_the_same() {
    campaign(&Smtp::new(), SAMPLES);
    campaign(&Smtp::new().tls(Tls::PassedThrough), SAMPLES);
}
