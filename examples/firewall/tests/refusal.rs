//! Requests that the system refuses, and the reasons that it gives. Needs no packets, but a real
//! kernel and nft.

mod kernel;

use std::fs;

use kernel::ruleset;
use vm_test::on_vm;

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// The message is nft's, from the guest: `expected` sees it because panics come back unchanged.
#[on_vm]
#[test]
#[should_panic(expected = "Error: Service out of range")]
fn a_port_that_cannot_exist_is_refused_by_nft() {
    firewall::forward(80, "10.1.0.2:99999").unwrap();
}

#[on_vm]
#[test]
fn a_refused_forward_changes_nothing() {
    // Set explicitly: a new network namespace may inherit this switch from its host.
    fs::write(IP_FORWARD, "0").unwrap();

    let refusal = firewall::forward(80, "10.1.0.256:8080").unwrap_err();

    let firewall::Error::Refused { said } = &refusal else {
        panic!("nft was not asked: {refusal}")
    };
    assert!(said.contains("Could not resolve hostname"), "{said}");
    assert_eq!(ruleset(), "");
    assert_eq!(fs::read_to_string(IP_FORWARD).unwrap().trim(), "0");
}

/// Refused before nft sees it: nft would have executed it.
#[on_vm]
#[test]
fn a_command_hidden_in_a_target_is_never_run() {
    firewall::block(23).unwrap();
    let before = ruleset();
    assert!(before.contains("tcp dport 23"), "{before}");

    let refusal = firewall::forward(80, "10.1.0.2:8080; flush ruleset").unwrap_err();

    assert!(matches!(refusal, firewall::Error::Target(_)), "{refusal}");
    assert_eq!(ruleset(), before);
}
