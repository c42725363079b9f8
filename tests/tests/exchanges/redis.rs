//! redis-py against redis: each error as its exception, and everything else as without errors.

use vm_test_faults::exchange::{NamePattern, Rule, Which};
use vm_test_faults::protocol::Protocol;
use vm_test_faults::protocol::redis::Redis;

use crate::namespace::is_inside;
use crate::proxy::{FaultProxy, error};
use crate::python::Python;
use crate::server::Server;

const PORT: u16 = 6379;

#[test]
fn each_error_of_redis_is_the_right_exception_and_the_next_call_works() {
    let python = Python::new();
    if !is_inside("redis::each_error_of_redis_is_the_right_exception_and_the_next_call_works") {
        return;
    }
    let _server = Server::redis(PORT);
    let mut proxies = Vec::new();
    let mut arguments = Vec::new();
    for known in Redis::new().known_faults() {
        let text = known.text.is_empty().then_some("3999 127.0.0.1:6381");
        let rule = Rule::new(error(known.code, text))
            .on(NamePattern::new("SET"))
            .which(Which::Every(2));
        let proxy = FaultProxy::new(Redis::new(), vec![rule], PORT);
        let text = text.unwrap_or(known.text);
        arguments.push(format!("{} {} {text}", proxy.listen(0), known.code));
        proxies.push(proxy);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    python.script("redis_errors.py", &arguments);
    for proxy in proxies {
        // RESP2 and RESP3, three each.
        proxy.wait_for_hits(6);
        assert_eq!(proxy.violations(), [""; 0]);
    }
}

#[test]
fn a_thousand_mixed_calls_of_redis_py_meet_their_errors_and_nothing_else() {
    let python = Python::new();
    if !is_inside("redis::a_thousand_mixed_calls_of_redis_py_meet_their_errors_and_nothing_else") {
        return;
    }
    let _server = Server::redis(PORT);
    // An error that breaks no connection, so that all calls are on one.
    let rule = Rule::by_percent([(20.0, error("OOM", None))]).seed(7);
    let mut proxy = FaultProxy::new(Redis::new(), vec![rule], PORT);
    let port = proxy.listen(0).to_string();
    let hits: u64 = run(
        &python,
        "redis_mixed.py",
        &[&port, &PORT.to_string(), "100000"],
    );
    assert!((160..=240).contains(&hits), "{hits} of 1,000");
    // The client ignores what comes of its words about itself.
    let events = proxy.carrier.events();
    let others = events.iter().filter(|event| event.request != "CLIENT");
    assert_eq!(others.count() as u64, hits);
    proxy.slice_to_server();
    proxy.listen_sliced(7777);
    let sliced: u64 = run(
        &python,
        "redis_mixed.py",
        &["7777", &PORT.to_string(), "2000"],
    );
    assert!((160..=240).contains(&sliced), "{sliced} of 1,000");
    assert_eq!(proxy.violations(), [""; 0]);
}

#[test]
fn pipelines_and_transactions_of_redis_py_stay_in_step() {
    let python = Python::new();
    if !is_inside("redis::pipelines_and_transactions_of_redis_py_stay_in_step") {
        return;
    }
    let _server = Server::redis(PORT);
    let rule = Rule::by_percent([(20.0, error("OOM", None))])
        .on(NamePattern::new("SET"))
        .seed(7);
    let mut proxy = FaultProxy::new(Redis::new(), vec![rule], PORT);
    let port = proxy.listen(0).to_string();
    run(&python, "redis_pipelines.py", &[&port]);
    proxy.slice_to_server();
    proxy.listen_sliced(7777);
    run(&python, "redis_pipelines.py", &["7777"]);
    assert_eq!(proxy.violations(), [""; 0]);
}

#[test]
fn subscribers_monitors_and_waiting_clients_are_not_disturbed() {
    let python = Python::new();
    if !is_inside("redis::subscribers_monitors_and_waiting_clients_are_not_disturbed") {
        return;
    }
    let _server = Server::redis(PORT);
    let rule = Rule::new(error("OOM", None)).on(NamePattern::new("INCRBY"));
    let proxy = FaultProxy::new(Redis::new(), vec![rule], PORT);
    let port = proxy.listen(0).to_string();
    run(&python, "redis_unasked.py", &[&port]);
    assert_eq!(proxy.violations(), [""; 0]);
}

/// Runs a script, and returns the number on its last line: how many errors it met.
fn run(python: &Python, script: &str, arguments: &[&str]) -> u64 {
    let output = python.script(script, arguments);
    let last = output.lines().last().unwrap_or_default();
    last.parse()
        .unwrap_or_else(|_| panic!("{script} printed {output:?}"))
}
