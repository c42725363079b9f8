//! A registry on loopback, which notes every request that comes; a test gives its answers.

use super::exchange::{Answer, Request, converse};
use super::shelf::{NAME, Shelf};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A running registry, which ends with this value.
#[derive(Debug)]
pub(crate) struct Registry {
    address: SocketAddr,
    log: Arc<Mutex<Vec<Request>>>,
    thread: Option<JoinHandle<()>>,
}

impl Registry {
    /// Starts a registry with these answers.
    pub(crate) fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::<Mutex<Vec<_>>>::default();
        let (answer, shared) = (Arc::new(answer), Arc::clone(&log));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if Arc::strong_count(&shared) == 1 {
                    return;
                }
                let (answer, log) = (Arc::clone(&answer), Arc::downgrade(&shared));
                thread::spawn(move || {
                    // A client may close the connection at any time.
                    let _ = converse(&stream, &|request| {
                        if let Some(log) = log.upgrade() {
                            log.lock().unwrap().push(request.clone());
                        }
                        answer(request)
                    });
                    let _ = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self {
            address,
            log,
            thread: Some(thread),
        }
    }

    /// Starts a registry with these images.
    pub(crate) fn of(shelf: &Shelf) -> Self {
        let shelf = shelf.clone();
        Self::serve(move |request| shelf.answer(request))
    }

    /// Returns its host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns the source of an image, with the tag or digest behind its name.
    pub(crate) fn source(&self, rest: &str) -> String {
        format!("oci://{}/{NAME}{rest}", self.address)
    }

    /// Returns the lines of all requests since the last call.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().into_iter().map(|it| it.line).collect()
    }

    /// Returns all requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.log = Arc::default();
        // Wakes the thread up.
        drop(TcpStream::connect(self.address));
        self.thread.take().unwrap().join().unwrap();
    }
}
