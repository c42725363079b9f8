//! One connection: the client's socket, the server's, and what carries bytes between them. It does
//! not know where connections come from.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;

use super::carried::carry_exchanges;
use super::link::link;
use super::setup::Setup;
use crate::address::of_server;
use crate::log::Level;
use crate::toxic::{Direction, End};

/// Connects to the server and carries bytes until both sides have ended.
pub(super) async fn carry(mut client: TcpStream, peer: SocketAddr, setup: &Setup, number: u64) {
    let mut server = match connect(&setup.upstream).await {
        Ok(server) => server,
        Err(error) => {
            let upstream = &setup.upstream;
            setup.tell(
                Level::Error,
                format_args!("cannot connect {peer} to {upstream:?}: {error}"),
            );
            return;
        }
    };
    // What was cut into pieces goes out in pieces.
    let _ = client.set_nodelay(true);
    let end = if let Some(carrier) = &setup.carrier {
        carry_exchanges(&mut client, &mut server, setup, number, carrier).await
    } else {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let up = link(setup, number, Direction::Upstream, from_client, to_server);
        let down = link(setup, number, Direction::Downstream, from_server, to_client);
        tokio::try_join!(up.run(), down.run()).map(drop)
    };
    if end == Err(End::Reset) {
        for socket in [&client, &server] {
            let _ = socket.set_zero_linger();
        }
    }
    let how = match end {
        Ok(_) => "by both its ends",
        Err(End::Reset) => "by a reset",
        Err(_) => "by a toxic or an error",
    };
    setup.tell(Level::Debug, format_args!("{peer} was ended {how}"));
}

async fn connect(upstream: &str) -> io::Result<TcpStream> {
    let server = TcpStream::connect(of_server(upstream)).await?;
    server.set_nodelay(true)?;
    Ok(server)
}
