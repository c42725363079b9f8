//! One connection: its two directions, side by side, until both have ended or one of them ends all.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::buffers::{Inbox, Outbox};
use super::carrier::Carrier;
use super::end::{End, RelayError};
use super::link::Link;
use super::replies::Replies;
use super::requests::Requests;

/// How many requests are read ahead of their replies.
const MOST_PENDING: usize = 1_024;

/// Carries one connection between a client and a server, each a reader and a writer.
///
/// It returns when both have ended, or when a behavior closes the connection; it has then dropped
/// all four. Dropping the future closes the connection as well.
///
/// # Errors
///
/// Returns why the connection was given up.
pub async fn relay<CR, CW, SR, SW>(
    client: (CR, CW),
    server: (SR, SW),
    carrier: &Arc<Carrier>,
) -> Result<(), RelayError>
where
    CR: AsyncRead + Unpin + Send,
    CW: AsyncWrite + Unpin + Send,
    SR: AsyncRead + Unpin + Send,
    SW: AsyncWrite + Unpin + Send,
{
    let link = Link::new(carrier);
    let (told, pending) = mpsc::channel(MOST_PENDING);
    let requests = Requests::new(&link, Inbox::new(client.0), Outbox::new(server.1), told);
    let replies = Replies::new(&link, Inbox::new(server.0), Outbox::new(client.1), pending);
    // The order matters: replies look for requests each time they are polled, and nobody wakes them
    // for one.
    match tokio::try_join!(biased; requests.run(), replies.run()) {
        Ok(_) | Err(End::Closed) => Ok(()),
        Err(End::Failed(error)) => {
            if error.is_violation() {
                carrier.note_violation(error.to_string());
            }
            Err(error)
        }
    }
}
