//! One connection whose exchanges are understood: bytes pass the toxics as soon as they are read
//! from a socket, and exchanges behind them.

use std::sync::Arc;

use tokio::net::TcpStream;

use super::setup::Setup;
use super::source::Source;
use super::turn::when_woken;
use crate::exchange::{Carrier, relay};
use crate::log::Level;
use crate::toxic::{Direction, End};

/// Carries exchanges until the connection ends.
///
/// # Errors
///
/// Returns how it ends if that is not by both its ends.
pub(super) async fn carry_exchanges(
    client: &mut TcpStream,
    server: &mut TcpStream,
    setup: &Setup,
    number: u64,
    carrier: &Arc<Carrier>,
) -> Result<(), End> {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let requests = Source::new(setup, number, Direction::Upstream, from_client);
    let replies = Source::new(setup, number, Direction::Downstream, from_server);
    let exchanges = async {
        if let Err(error) = relay((&requests, to_client), (&replies, to_server), carrier).await {
            setup.tell(Level::Warn, format_args!("gave up a connection: {error}"));
        }
        // Both have ended, or a behavior ends both.
        Err::<(), End>(End::Close)
    };
    // The order matters: the toxics advance first, so that the exchanges read in the same poll
    // what has become due. The reader is not woken for it.
    let toxics = when_woken(async { tokio::try_join!(requests.pass_time(), replies.pass_time()) });
    match tokio::try_join!(biased; toxics, exchanges) {
        Ok(_) | Err(End::Close) => Ok(()),
        Err(end) => Err(end),
    }
}
