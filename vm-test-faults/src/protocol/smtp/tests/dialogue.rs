//! What the tests say on both sides, played in pieces of every size.

use Says::{Client, Server};

use crate::protocol::driver::Driver;
use crate::protocol::smtp::Smtp;
use crate::protocol::{Fault, Request};

/// What one side says, and what the other one would get of it.
pub(super) enum Says {
    Client(&'static str, &'static str),
    Server(&'static str, &'static str),
}

pub(super) fn at(
    name: &'static str,
    code: &'static str,
) -> impl FnMut(&Request) -> Option<Fault> + 'static {
    move |request| {
        (request.name.split(' ').next() == Some(name)).then(|| Fault {
            code: code.to_owned(),
            text: Some("no".to_owned()),
        })
    }
}

pub(super) fn nothing(_: &Request) -> Option<Fault> {
    None
}

/// Plays a dialogue in pieces of each size, and returns the driver of the last one.
pub(super) fn play<F>(protocol: Smtp, choose: impl Fn() -> F, dialogue: &[Says]) -> Driver
where
    F: FnMut(&Request) -> Option<Fault> + 'static,
{
    let mut last = None;
    for size in [1, 2, 3, 5, 7, 11, 64, 10_000] {
        let mut driver = Driver::new(&protocol, choose());
        for says in dialogue {
            let (Client(text, _) | Server(text, _)) = says;
            for piece in text.as_bytes().chunks(size) {
                match says {
                    Client(..) => driver.client(piece).unwrap(),
                    Server(..) => driver.server(piece).unwrap(),
                }
            }
            // What an error says to the client comes behind what the client has said.
            let (asked, told) = (driver.asked(), driver.told());
            let (asked, told) = (
                String::from_utf8_lossy(&asked),
                String::from_utf8_lossy(&told),
            );
            match says {
                Client(_, expected) => {
                    assert_eq!(format!("{asked}{told}"), *expected, "{text:?} by {size}");
                }
                Server(_, expected) => assert_eq!(told, *expected, "{text:?} by {size}"),
            }
        }
        last = Some(driver);
    }
    last.unwrap()
}

pub(super) const HELLO: [Says; 3] = [
    Server("220 a\r\n", "220 a\r\n"),
    Client("EHLO me\r\n", "EHLO me\r\n"),
    Server(
        "250-a\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
        "250-a\r\n250 PIPELINING\r\n",
    ),
];
