//! The labs that run, as a table or as JSON: one row for each node.

use super::held::{Held, survey};
use crate::cli::output::{self, duration, harmless, say, say_json};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeEntry;

/// Prints all labs.
pub(super) fn print(as_json: bool) -> Result<(), Failure> {
    let survey = survey()?;
    if as_json {
        say_json(&survey.labs.iter().map(document).collect::<Vec<_>>())?;
    } else {
        say(&table(&survey.labs))?;
    }
    survey.silent.map_or(Ok(()), Err)
}

/// Returns a lab as JSON.
pub(super) fn document(held: &Held) -> Value {
    let lab = &held.lab;
    let node = |node: &NodeEntry| {
        let instance = held.instance_of(&node.name);
        let addresses = node.addresses.iter().map(|it| {
            json!({
                "network": it.network,
                "interface": it.interface,
                "address": it.address,
            })
        });
        json!({
            "node": node.name,
            "guest": node.guest,
            "instance": instance.map(|it| &it.instance),
            "description": instance.map(|it| &it.description),
            "kernel": instance.map(|it| &it.kernel),
            "addresses": addresses.collect::<Vec<_>>(),
        })
    };
    json!({
        "lab": lab.lab,
        "name": lab.name,
        "purpose": lab.purpose,
        "age_ms": millis(lab.age),
        "networks": lab.networks,
        "kept": lab.kept.map(|kept| json!({
            "expires_in_ms": millis(kept.expires_in),
            "attached": kept.attached,
        })),
        "nodes": lab.nodes.iter().map(node).collect::<Vec<_>>(),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn table(labs: &[Held]) -> String {
    if labs.is_empty() {
        return "no labs\n".to_owned();
    }
    let head = [
        "LAB",
        "KEPT",
        "NODE",
        "INSTANCE",
        "WHAT",
        "ADDRESSES",
        "PURPOSE",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for held in labs {
        let kept = match held.lab.kept {
            None => "in use".to_owned(),
            Some(kept) if kept.attached => "attached".to_owned(),
            Some(kept) => format!("{} left", duration(kept.expires_in)),
        };
        rows.extend(held.lab.nodes.iter().map(|node| {
            let [name, instance, what, addresses] = cells(held, node);
            let (lab, purpose) = (harmless(&held.lab.lab), harmless(&held.lab.purpose));
            [lab, kept.clone(), name, instance, what, addresses, purpose]
        }));
    }
    output::table(&rows)
}

/// Returns the nodes of one lab as a table.
pub(super) fn nodes(held: &Held) -> String {
    let mut rows = vec![["NODE", "INSTANCE", "WHAT", "ADDRESSES"].map(str::to_owned)];
    rows.extend(held.lab.nodes.iter().map(|node| cells(held, node)));
    output::table(&rows)
}

/// Returns what a node's row says of the node itself.
fn cells(held: &Held, node: &NodeEntry) -> [String; 4] {
    let instance = held.instance_of(&node.name);
    let (name, what) = instance.map_or(("-", "does not run"), |it| {
        (it.instance.as_str(), it.description.as_str())
    });
    // Those of version 6 would make rows too long to be read.
    let addresses = node.addresses.iter().filter_map(|it| match it.address {
        IpAddr::V4(address) => Some(format!("{}={address}", it.network)),
        IpAddr::V6(_) => None,
    });
    let addresses: Vec<_> = addresses.collect();
    let addresses = if addresses.is_empty() {
        "-".to_owned()
    } else {
        addresses.join(" ")
    };
    [&node.name, name, what, &addresses].map(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use vm_test_protocol::lab::{NodeAddress, NodeOfLab};
    use vm_test_protocol::status::{InstanceStatus, KeptStatus, LabStatus};

    fn held() -> Held {
        let address = |address: &str| NodeAddress {
            network: "lan".to_owned(),
            interface: "eth0".to_owned(),
            address: address.parse().unwrap(),
        };
        let node = |name: &str, addresses| NodeEntry {
            name: name.to_owned(),
            guest: "deb".to_owned(),
            addresses,
            links: Vec::new(),
            starts_off: false,
        };
        Held {
            socket: PathBuf::new(),
            lab: LabStatus {
                lab: "office-1-1".to_owned(),
                name: "office".to_owned(),
                purpose: "tests::a\x1b".to_owned(),
                age: Duration::from_secs(3),
                networks: vec!["lan".to_owned()],
                nodes: vec![
                    node("gw", vec![address("10.213.1.1"), address("fd76::1")]),
                    node("driver", Vec::new()),
                ],
                kept: Some(KeptStatus {
                    expires_in: Duration::from_secs(600),
                    attached: false,
                }),
            },
            instances: vec![InstanceStatus {
                instance: "gw-1-2".to_owned(),
                guest: "gw".to_owned(),
                description: "lxc".to_owned(),
                kernel: "6.1".to_owned(),
                purpose: String::new(),
                keeper: 1,
                holder: 2,
                age: Duration::ZERO,
                memory_bytes: 0,
                lab: Some(NodeOfLab {
                    lab: "office-1-1".to_owned(),
                    node: "gw".to_owned(),
                }),
                kept: None,
            }],
        }
    }

    #[test]
    fn each_node_has_a_row_whether_it_runs_or_not() {
        assert_eq!(
            table(&[held()]),
            "LAB         KEPT      NODE    INSTANCE  WHAT          ADDRESSES       PURPOSE\n\
             office-1-1  10m left  gw      gw-1-2    lxc           lan=10.213.1.1  tests::a\u{fffd}\n\
             office-1-1  10m left  driver  -         does not run  -               tests::a\u{fffd}\n"
        );
        assert_eq!(table(&[]), "no labs\n");
    }

    #[test]
    fn a_lab_that_a_test_has_is_in_use() {
        let mut held = held();
        held.lab.kept = None;
        assert!(table(&[held]).contains("  in use  "));
    }

    #[test]
    fn the_document_has_all_addresses() {
        let document = document(&held());
        let node = &document["nodes"][0];
        assert_eq!(node["instance"], "gw-1-2");
        assert_eq!(node["addresses"][1]["address"], "fd76::1");
        assert_eq!(document["nodes"][1]["instance"], Value::Null);
        assert_eq!(document["kept"]["expires_in_ms"], 600_000);
    }
}
