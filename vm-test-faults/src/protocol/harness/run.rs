//! One run: the same bytes in three kinds of pieces, which must mean the same, and then both
//! directions in any order, with errors.

use super::pieces::{Numbers, Pieces};
use super::replies::Server;
use super::requests::{Client, Errors, Event};
use crate::protocol::{Conversation, Fault, Protocol, Request};

/// Byte by byte, longer streams take too long.
const LONGEST_BYTEWISE: usize = 512;

/// Gives `protocol` what `input` says and checks what it makes of it.
///
/// The first eight bytes decide the pieces and the errors, two more where the client's bytes end
/// and the server's begin.
///
/// # Panics
///
/// Panics if the protocol does not keep to its contract, or cuts the same bytes differently when
/// they arrive in other pieces.
pub fn run(protocol: &dyn Protocol, input: &[u8]) {
    let Some((seed, rest)) = input.split_first_chunk::<8>() else {
        return;
    };
    let Some((cut, bytes)) = rest.split_first_chunk::<2>() else {
        return;
    };
    let seed = u64::from_le_bytes(*seed);
    let cut = usize::from(u16::from_le_bytes(*cut));
    let (client, server) = bytes.split_at(cut.min(bytes.len()));
    let random = Pieces::Random(Numbers::new(seed));
    for read in [in_turn, by_turns] {
        let whole = read(protocol, client, server, &Pieces::Whole);
        assert_eq!(whole, read(protocol, client, server, &random));
        if bytes.len() <= LONGEST_BYTEWISE {
            assert_eq!(whole, read(protocol, client, server, &Pieces::Bytes));
        }
    }
    at_once(protocol, client, server, seed);
}

/// Reads all of the client's bytes, then all of the server's.
fn in_turn(protocol: &dyn Protocol, client: &[u8], server: &[u8], pieces: &Pieces) -> Vec<Event> {
    let mut conversation = protocol.conversation();
    let conversation = &mut *conversation;
    let (mut client, mut server) = (Client::new(client), Server::new(server));
    client.passed_on.extend(greeting(protocol, conversation));
    let mut no_errors = Errors {
        numbers: None,
        faults: &[],
    };
    let mut own = pieces.clone();
    while !client.is_done() && !client.is_stalled {
        client.step(conversation, &mut own, &mut no_errors);
    }
    let mut own = pieces.clone();
    while !server.is_done() {
        server.step(conversation, &client.passed_on, &mut own);
    }
    client.events.extend(server.events);
    client.events
}

/// Reads one message of the server, then one of the client, and so on.
fn by_turns(protocol: &dyn Protocol, client: &[u8], server: &[u8], pieces: &Pieces) -> Vec<Event> {
    let mut conversation = protocol.conversation();
    let conversation = &mut *conversation;
    let (mut client, mut server) = (Client::new(client), Server::new(server));
    client.passed_on.extend(greeting(protocol, conversation));
    let mut no_errors = Errors {
        numbers: None,
        faults: &[],
    };
    let (mut of_client, mut of_server) = (pieces.clone(), pieces.clone());
    loop {
        let ended = server.ended();
        while !server.is_done() && server.ended() == ended {
            server.step(conversation, &client.passed_on, &mut of_server);
        }
        let ended = client.ended();
        client.is_stalled = false;
        while !client.is_done() && !client.is_stalled && client.ended() == ended {
            client.step(conversation, &mut of_client, &mut no_errors);
        }
        if server.is_done() && (client.is_done() || client.is_stalled) {
            client.events.extend(server.events);
            return client.events;
        }
    }
}

/// Reads both directions in any order, and answers some requests with errors.
fn at_once(protocol: &dyn Protocol, client: &[u8], server: &[u8], seed: u64) {
    let faults = protocol.known_faults().iter().map(|known| Fault {
        code: known.code.to_owned(),
        text: None,
    });
    let faults: Vec<Fault> = faults.collect();
    let mut conversation = protocol.conversation();
    let conversation = &mut *conversation;
    let mut numbers = Numbers::new(seed);
    let mut errors = Errors {
        numbers: Some(Numbers::new(seed.rotate_left(17))),
        faults: &faults,
    };
    let mut pieces = Pieces::Random(Numbers::new(seed.rotate_left(34)));
    let (mut client, mut server) = (Client::new(client), Server::new(server));
    client.passed_on.extend(greeting(protocol, conversation));
    while !(client.is_done() || client.is_stalled) || !server.is_done() {
        let is_clients_turn = numbers.below(2) == 0;
        if client.is_done() || (!is_clients_turn && !server.is_done()) {
            server.step(conversation, &client.passed_on, &mut pieces);
        } else {
            client.step(conversation, &mut pieces, &mut errors);
        }
    }
}

fn greeting(protocol: &dyn Protocol, conversation: &mut dyn Conversation) -> Option<Request> {
    let greeting = conversation.greeting();
    assert_eq!(greeting.is_some(), protocol.server_speaks_first());
    greeting
}
