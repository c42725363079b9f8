//! Faults of a lab's networks, as a test orders them by name. The lab's keeper carries them out.

use super::impairments;
use super::labs::LivingLab;
use super::names::{find, missing};
use crate::config::lab::{Lab, Node};
use crate::keeper::lab;
use std::collections::HashSet;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Direction, Done, Effect, Fault};
use vm_test_settings::word::enumerate;

/// Begins a fault.
pub(super) fn fault(lab: &LivingLab, fault: &Fault) -> Done {
    let cannot = |failure: Failure| failure.reworded(|cause| format!("{}: {cause}", what(fault)));
    let begun = numbered(&lab.plan, fault).and_then(|fault| lab.keeper.fault(fault));
    begun.map_or_else(|failure| Done::Failed(cannot(failure)), Done::Faulted)
}

/// Ends a fault.
pub(super) fn mend(lab: &LivingLab, fault: u64) -> Done {
    match lab.keeper.mend(fault) {
        Ok([delivered, lost]) => Done::Mended { delivered, lost },
        Err(failure) => {
            Done::Failed(failure.reworded(|cause| format!("cannot end a fault: {cause}")))
        }
    }
}

/// Returns what has come of an impairment so far.
pub(super) fn tally(lab: &LivingLab, fault: u64) -> Done {
    match lab.keeper.tally(fault) {
        Ok(tally) => Done::Tally(tally),
        Err(failure) => Done::Failed(
            failure.reworded(|cause| format!("cannot say what has come of a fault: {cause}")),
        ),
    }
}

/// Describes what cannot be done if a fault does not begin.
fn what(fault: &Fault) -> String {
    match fault {
        Fault::Link {
            node,
            network,
            direction,
            effect,
        } => {
            let verb = match effect {
                Effect::Cut => "cut",
                Effect::Hold => "hold",
                Effect::Impair(impairment) => impairments::verb(impairment.action),
            };
            let which = match direction {
                Direction::Both => "",
                Direction::FromNode => "outgoing frames of ",
                Direction::ToNode => "incoming frames of ",
            };
            format!("cannot {verb} {which}the link of node `{node}` to network `{network}`")
        }
        Fault::OwnLink { .. } => "cannot change the link of this guest".to_owned(),
        Fault::Partition { .. } => "cannot partition the networks".to_owned(),
    }
}

/// Returns a fault with numbers in place of names.
fn numbered(plan: &Lab, fault: &Fault) -> Result<lab::Fault, Failure> {
    match fault {
        Fault::Link {
            node,
            network,
            direction,
            effect,
        } => {
            let (number, found) = find(plan, node)?;
            let networks = || plan.networks.iter().map(|network| network.name.as_str());
            let position = networks().position(|name| name == network);
            let on = position.ok_or_else(|| {
                missing(plan, "network", network, &networks().collect::<Vec<_>>())
            })?;
            if !found.ports.iter().any(|port| port.network == *network) {
                return Err(
                    Failure::new(format!("node `{node}` is not on that network"))
                        .hint(its_networks(found)),
                );
            }
            let effect = match effect {
                Effect::Impair(impairment) => {
                    let names = [plan.name.as_str(), node, network];
                    Effect::Impair(Box::new(impairments::checked(impairment, names)?))
                }
                effect => effect.clone(),
            };
            Ok(lab::Fault::Link {
                node: number,
                network: on,
                direction: *direction,
                effect,
            })
        }
        Fault::OwnLink { .. } => Err(Failure::new("it is a node of a lab")
            .hint("its links have names there, as in lab().link(\"a\", \"lan\")")),
        Fault::Partition { groups } => {
            if groups.len() < 2 {
                return Err(Failure::new("there are fewer than two groups")
                    .hint("as in lab.partition([[\"a\", \"b\"], [\"c\"]])"));
            }
            let mut seen = HashSet::new();
            let number = |name: &String| {
                let (number, _) = find(plan, name)?;
                if seen.insert(number) {
                    Ok(number)
                } else {
                    let words = format!("node `{name}` is named twice");
                    Err(Failure::new(words).hint("a node is in one group"))
                }
            };
            let mut number = number;
            let groups: Result<Vec<Vec<usize>>, Failure> = groups
                .iter()
                .map(|group| group.iter().map(&mut number).collect())
                .collect();
            Ok(lab::Fault::Partition { groups: groups? })
        }
    }
}

fn its_networks(node: &Node) -> String {
    if node.ports.is_empty() {
        return "it is on none".to_owned();
    }
    let networks = node.ports.iter().map(|port| port.network.as_str());
    format!("it is on {}", enumerate(networks, "`", "and"))
}

#[cfg(test)]
mod tests;
