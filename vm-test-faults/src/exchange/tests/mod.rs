//! Relays between clients and a server that these tests script, over HTTP and TCP.

mod behaviors;
mod draws;
mod lines;
mod order;
mod scene;
mod transparency;
