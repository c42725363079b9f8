//! A server that has no connection left, as MariaDB is and as the proxy pretends it to be: what
//! clients see of it, and that they get in later.

use ::mysql::prelude::Queryable;
use ::mysql::{Conn, Error, OptsBuilder};
use vm_test_faults::exchange::{NamePattern, Rule, Which};
use vm_test_faults::protocol::mysql::Mysql;

use crate::mariadb::{MariaDb, PASSWORD};
use crate::proxy::{FaultProxy, Pieces, error};
use crate::python::Python;

/// Returns rules that refuse so many connections with an error.
fn refusing(code: &str, connections: u64) -> Vec<Rule> {
    let rule = Rule::new(error(code, None)).on(NamePattern::new("greeting"));
    vec![rule.which(Which::First(connections))]
}

#[test]
fn pymysql_cannot_tell_the_proxys_refusal_from_that_of_a_full_mariadb() {
    let python = Python::new();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let server = MariaDb::start();
        let (proxy, port) =
            FaultProxy::start(Mysql::new(), refusing("1040", 2), server.port(), pieces);
        let (server, port) = (server.port().to_string(), port.to_string());
        let told = python.script("mysql_refusals.py", &[PASSWORD, &server, &port]);
        eprintln!("{pieces:?}: {told}");
        proxy.wait_for_hits(2);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn pymysql_is_told_the_state_that_a_test_names() {
    let python = Python::new();
    let server = MariaDb::start();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let rules = refusing("1040/08004", 1);
        let (proxy, port) = FaultProxy::start(Mysql::new(), rules, server.port(), pieces);
        python.script("mysql_state.py", &[PASSWORD, &port.to_string()]);
        proxy.wait_for_hits(1);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn crate_mysql_is_told_why_and_its_next_connection_works() {
    let server = MariaDb::start();
    for pieces in [Pieces::Unchanged, Pieces::Single] {
        let (proxy, port) =
            FaultProxy::start(Mysql::new(), refusing("1040", 1), server.port(), pieces);
        let options = OptsBuilder::new()
            .ip_or_hostname(Some("127.0.0.1"))
            .tcp_port(port)
            .prefer_socket(false)
            .user(Some("root"))
            .pass(Some(PASSWORD));
        let refused = Conn::new(options.clone()).unwrap_err();
        let Error::MySqlError(said) = refused else {
            panic!("{refused}");
        };
        // MariaDB tells no state before it knows the client, and this is what the crate then says.
        let told = (said.code, said.state.as_str(), said.message.as_str());
        assert_eq!(told, (1040, "HY000", "Too many connections"));
        let mut connection = Conn::new(options).unwrap();
        assert_eq!(connection.query_first("SELECT 1").unwrap(), Some(1));
        proxy.wait_for_hits(1);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}
