//! The protocols of this crate by their names.

use std::sync::Arc;

use super::Protocol;
use super::http::Http;
use super::memcache::Memcache;
use super::mysql::Mysql;
use super::redis::Redis;
use super::smtp::Smtp;
use super::tcp::Tcp;

/// The names of all protocols.
pub const PROTOCOLS: &[&str] = &["tcp", "http", "memcache", "mysql", "redis", "smtp"];

/// Returns the protocol of this name.
#[must_use]
pub fn protocol_named(name: &str) -> Option<Arc<dyn Protocol>> {
    Some(match name {
        "tcp" => Arc::new(Tcp::new()),
        "http" => Arc::new(Http::new()),
        "memcache" => Arc::new(Memcache::new()),
        "mysql" => Arc::new(Mysql::new()),
        "redis" => Arc::new(Redis::new()),
        "smtp" => Arc::new(Smtp::new()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_its_protocol() {
        for name in PROTOCOLS {
            assert_eq!(protocol_named(name).unwrap().name(), *name);
        }
        assert!(protocol_named("gopher").is_none());
    }
}
