//! The proxy and its API over real sockets. Each file holds the tests of one promise.

mod api;
mod client;
mod crowd;
mod endings;
mod flow;
mod hostile;
mod toxics;
mod transparency;
