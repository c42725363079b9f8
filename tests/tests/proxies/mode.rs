//! The programs with each way to carry connections, and a client and a server for it. They expect
//! nothing but what they say to each other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::server::{Server, connect};
use crate::talk::{BYTES, PROTOCOLS, Talk};

/// A way to carry connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode {
    /// The protocol of `vm-test proxy`; `None` for `vm-test-proxy`, which knows only bytes.
    pub(crate) protocol: Option<&'static str>,
    pub(crate) talk: Talk,
}

/// Returns all modes.
pub(crate) fn modes() -> Vec<Mode> {
    let of_vaurien = PROTOCOLS.map(|(name, talk)| Mode {
        protocol: Some(name),
        talk,
    });
    let of_toxiproxy = Mode {
        protocol: None,
        talk: BYTES,
    };
    [vec![of_toxiproxy], of_vaurien.to_vec()].concat()
}

impl Mode {
    pub(crate) fn name(&self) -> &'static str {
        self.protocol.unwrap_or("vm-test-proxy")
    }

    /// Starts a program that leads to `upstream`; returns where clients connect to.
    pub(crate) fn start(&self, upstream: SocketAddr) -> (Server, SocketAddr) {
        match self.protocol {
            Some(protocol) => {
                let server = Server::vaurien(protocol, upstream);
                let address = server.address;
                (server, address)
            }
            None => {
                let server = Server::start(&["-port", "0"]);
                let address = server.proxy("p", upstream);
                (server, address)
            }
        }
    }

    /// Connects as a client, and waits for the server's greeting.
    pub(crate) fn greeted(&self, address: SocketAddr) -> TcpStream {
        let mut stream = connect(address);
        expect(&mut stream, self.talk.greeting);
        stream
    }

    /// Connects as a client, and passes the connection's beginning.
    pub(crate) fn open(&self, address: SocketAddr) -> TcpStream {
        let mut stream = self.greeted(address);
        let (login, welcome) = self.talk.login;
        stream.write_all(login).unwrap();
        expect(&mut stream, welcome);
        stream
    }

    /// Asks as a client, and gets the reply.
    pub(crate) fn ask(&self, mut stream: &TcpStream) {
        stream.write_all(self.talk.request).unwrap();
        expect(stream, self.talk.reply);
    }

    /// Connects, asks, and ends.
    pub(crate) fn works(&self, address: SocketAddr) {
        self.ask(&self.open(address));
    }

    /// Welcomes a client as a server.
    pub(crate) fn welcome(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        stream.write_all(self.talk.greeting)?;
        let (login, welcome) = self.talk.login;
        stream.read_exact(&mut vec![0; login.len()])?;
        stream.write_all(welcome)
    }

    /// Answers a request as a server.
    pub(crate) fn answer(&self, mut stream: &TcpStream) -> std::io::Result<()> {
        let mut request = vec![0; self.talk.request.len()];
        stream.read_exact(&mut request)?;
        assert_eq!(request, self.talk.request, "{}", self.name());
        stream.write_all(self.talk.reply)
    }

    /// Answers a request as a server, or throws away all that comes if it is none. Returns whether
    /// another one may follow.
    pub(crate) fn answer_or_swallow(&self, mut stream: &TcpStream) -> bool {
        let mut request = vec![0; self.talk.request.len()];
        if stream.read_exact(&mut request).is_err() {
            return false;
        }
        if request == self.talk.request {
            return stream.write_all(self.talk.reply).is_ok();
        }
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        false
    }

    /// Starts a server that answers all requests.
    pub(crate) fn server(self) -> SocketAddr {
        server(move |stream| {
            let mut ended = self.welcome(&stream);
            while ended.is_ok() {
                ended = self.answer(&stream);
            }
        })
    }
}

/// Reads what must come.
fn expect(mut stream: impl Read, bytes: &[u8]) {
    let mut read = vec![0; bytes.len()];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(
        read.escape_ascii().to_string(),
        bytes.escape_ascii().to_string()
    );
}

/// Starts a server that handles each connection on a thread; it runs until the process ends.
pub(crate) fn server(handle: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = handle.clone();
            thread::spawn(move || handle(stream));
        }
    });
    address
}
