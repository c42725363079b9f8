//! Tests of the names in orders about links.

use super::*;
use crate::config::Guest;
use crate::config::HOST;
use crate::config::lab::{Network, Port};

fn plan() -> Lab {
    let node = |name: &str, networks: &[&str]| Node {
        name: name.to_owned(),
        guest: Guest::new(HOST).unwrap(),
        ports: networks
            .iter()
            .map(|network| Port {
                network: (*network).to_owned(),
                interface: "eth0".to_owned(),
                hardware: [0; 6],
                address: None,
            })
            .collect(),
    };
    let network = |name: &str| Network {
        name: name.to_owned(),
        trunk: false,
        mtu: 1500,
    };
    Lab {
        name: "office".to_owned(),
        networks: vec![network("lan"), network("wan")],
        nodes: vec![
            node("gw", &["lan", "wan"]),
            node("box", &["wan"]),
            node("driver", &[]),
        ],
    }
}

fn link(node: &str, network: &str) -> Fault {
    Fault::Link {
        node: node.to_owned(),
        network: network.to_owned(),
        direction: Direction::FromNode,
        effect: Effect::Hold,
    }
}

fn partition(groups: &[&[&str]]) -> Fault {
    let group = |group: &&[&str]| group.iter().map(|&name| name.to_owned()).collect();
    Fault::Partition {
        groups: groups.iter().map(group).collect(),
    }
}

#[test]
fn a_fault_is_told_to_the_keeper_by_numbers() {
    let told = numbered(&plan(), &link("box", "wan")).unwrap();
    let expected = lab::Fault::Link {
        node: 1,
        network: 1,
        direction: Direction::FromNode,
        effect: Effect::Hold,
    };
    assert_eq!(told, expected);
    let told = numbered(&plan(), &partition(&[&["driver", "gw"], &["box"]])).unwrap();
    let groups = vec![vec![2, 0], vec![1]];
    assert_eq!(told, lab::Fault::Partition { groups });
}

#[test]
fn each_wrong_name_has_its_own_words() {
    for (fault, cause, hint) in [
        (
            link("bax", "wan"),
            "lab `office` has no node `bax`",
            "did you mean `box`?",
        ),
        (
            link("box", "internet"),
            "lab `office` has no network `internet`",
            "its networks are `lan` and `wan`",
        ),
        (
            link("box", "lan"),
            "node `box` is not on that network",
            "it is on `wan`",
        ),
        (
            link("driver", "lan"),
            "node `driver` is not on that network",
            "it is on none",
        ),
        (
            partition(&[&["gw"], &["nowhere"]]),
            "lab `office` has no node `nowhere`",
            "its nodes are `gw`, `box` and `driver`",
        ),
        (
            partition(&[&["gw"], &["box", "gw"]]),
            "node `gw` is named twice",
            "a node is in one group",
        ),
        (
            partition(&[&["gw", "box"]]),
            "there are fewer than two groups",
            "as in lab.partition([[\"a\", \"b\"], [\"c\"]])",
        ),
    ] {
        let failure = numbered(&plan(), &fault).unwrap_err();
        assert_eq!(failure.message, cause);
        assert_eq!(failure.hint.as_deref(), Some(hint));
    }
    let words = what(&link("box", "wan"));
    assert_eq!(
        words,
        "cannot hold outgoing frames of the link of node `box` to network `wan`"
    );
}
