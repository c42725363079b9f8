//! Relays between clients and a server that these tests script, over HTTP, TCP and memcached.

mod behaviors;
mod draws;
mod lines;
mod order;
mod quiet;
mod scene;
mod transparency;
