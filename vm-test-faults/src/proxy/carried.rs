//! One connection whose exchanges are understood: bytes pass the toxics as soon as they are read
//! from a socket, and exchanges behind them.

use std::sync::Arc;

use tokio::io::duplex;
use tokio::net::TcpStream;

use super::link::link;
use super::setup::Setup;
use crate::exchange::{Carrier, relay};
use crate::log::Level;
use crate::toxic::{Direction, End};

/// How many bytes wait between toxics and exchanges.
const PIPE: usize = 64 * 1024;

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
    let (up_end, requests) = duplex(PIPE);
    let (down_end, replies) = duplex(PIPE);
    let up = link(setup, number, Direction::Upstream, from_client, up_end);
    let down = link(setup, number, Direction::Downstream, from_server, down_end);
    let exchanges = async {
        if let Err(error) = relay((requests, to_client), (replies, to_server), carrier).await {
            setup.tell(Level::Warn, format_args!("gave up a connection: {error}"));
        }
        // Both have ended, or a behavior ends both.
        Err::<(), End>(End::Close)
    };
    match tokio::try_join!(up.run(), down.run(), exchanges) {
        Ok(_) | Err(End::Close) => Ok(()),
        Err(end) => Err(end),
    }
}
