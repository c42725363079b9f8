//! Replies that break off in their middle: what clients make of a part.

use vm_test_faults::faults::{FaultProxy, FaultSetup, Faults};
use vm_test_faults::toxic::{Direction, Kind};

use crate::mariadb::{MariaDb, PASSWORD, free_port};
use crate::proxy::loopback;
use crate::python::Python;
use crate::server::Server;

/// So many bytes of replies pass on each connection: enough for a login, and for a part of a value
/// of 200,000 bytes.
const PASS: i64 = 100_000;

fn cutting(setup: FaultSetup) -> FaultProxy {
    let kind = Kind::LimitData { bytes: PASS };
    setup
        .dummy()
        .toxic(kind, Direction::Downstream)
        .start()
        .unwrap()
}

#[test]
fn half_a_reply_is_an_error_of_each_client_and_its_next_connection_works() {
    let python = Python::new();
    let faults = Faults::new().unwrap();
    let at = |port: u16| loopback(port).to_string();
    let (redis_port, memcached_port) = (free_port(), free_port());
    let _redis = Server::redis(redis_port);
    let _memcached = Server::memcached(memcached_port);
    let mariadb = MariaDb::start();
    let proxies = [
        cutting(faults.redis(at(redis_port))),
        cutting(faults.memcache(at(memcached_port))),
        cutting(faults.mysql(at(mariadb.port()))),
    ];
    let ports = proxies
        .each_ref()
        .map(|proxy| proxy.address().port().to_string());
    let [redis, memcached, mariadb] = ports.each_ref().map(String::as_str);
    eprintln!(
        "{}",
        python.script("cuts.py", &[PASSWORD, redis, memcached, mariadb])
    );
    for proxy in &proxies {
        assert_eq!(proxy.violations(), [""; 0]);
        // The connection that was cut, and the next one.
        assert_eq!(proxy.connections(), 2, "{}", proxy.upstream());
    }
}
