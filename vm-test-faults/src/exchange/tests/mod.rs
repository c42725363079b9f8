//! Relays between clients and a server that these tests script, over HTTP and TCP.

mod behaviors;
mod draws;
mod order;
mod scene;
mod transparency;
