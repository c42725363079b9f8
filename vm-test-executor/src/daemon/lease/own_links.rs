//! Faults of the link of a guest that is in no lab, as its test orders them. The guest's keeper carries
//! them out.

use super::impairments;
use super::registry::Registry;
use crate::keeper::lab;
use std::sync::Arc;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Direction, Done, Effect, Fault, Order};

/// The name of its network, which chances are drawn from.
const NETWORK: &str = "user";

/// Carries out an order about the link of an instance.
pub(crate) fn order(registry: &Registry, instance: &str, order: &Order) -> Done {
    let cannot = |what: &str, failure: Failure| {
        Done::Failed(failure.reworded(|cause| format!("cannot {what}: {cause}")))
    };
    let found = registry.with(instance, |living| {
        let link = living.link.as_ref().map(Arc::clone);
        (
            link,
            living.status.guest.clone(),
            living.status.lab.is_some(),
        )
    });
    let link = match found {
        Some((Some(link), guest, _)) => Ok((link, guest)),
        Some((None, _, is_node)) => Err(without_link(is_node)),
        None => Err(Failure::new("there is no such instance")),
    };
    match order {
        Order::Fault(Fault::OwnLink { direction, effect }) => {
            let begun = link.and_then(|(link, guest)| {
                let fault = checked(&guest, *direction, effect)?;
                link.fault(fault)
            });
            let what = format!("{} the link of this guest", verb(effect));
            begun.map_or_else(|failure| cannot(&what, failure), Done::Faulted)
        }
        Order::Mend { fault } => match link.and_then(|(link, _)| link.mend(*fault)) {
            Ok([delivered, lost]) => Done::Mended { delivered, lost },
            Err(failure) => cannot("end a fault", failure),
        },
        Order::Tally { fault } => match link.and_then(|(link, _)| link.tally(*fault)) {
            Ok(tally) => Done::Tally(tally),
            Err(failure) => cannot("say what has come of a fault", failure),
        },
        _ => Done::Failed(
            Failure::new(
                "cannot change this guest: of one that is in no lab, only its link can be",
            )
            .hint("give the test a lab, as in #[on_vm(lab = \"office\")]"),
        ),
    }
}

/// The failure that a guest has no link of its own.
fn without_link(is_node: bool) -> Failure {
    if is_node {
        return Failure::new("it is a node of a lab")
            .hint("its links have names there, as in lab().link(\"a\", \"lan\")");
    }
    Failure::new("it has no network but its own loopback").hint(
        "give it one, as in network = \"user\", or have two guests in a lab, where each link has its own faults",
    )
}

fn verb(effect: &Effect) -> &'static str {
    match effect {
        Effect::Cut => "cut",
        Effect::Hold => "hold",
        Effect::Impair(impairment) => impairments::verb(impairment.action),
    }
}

/// Returns a fault for the keeper of this guest, if there can be one like it.
fn checked(guest: &str, direction: Direction, effect: &Effect) -> Result<lab::Fault, Failure> {
    let effect = match effect {
        Effect::Impair(impairment) => {
            let names = ["", guest, NETWORK];
            Effect::Impair(Box::new(impairments::checked(impairment, names)?))
        }
        effect => effect.clone(),
    };
    Ok(lab::Fault::Link {
        node: 0,
        network: 0,
        direction,
        effect,
    })
}

#[cfg(test)]
mod tests {
    use super::super::scripted_host::{NAME, ScriptedHost};
    use super::*;

    fn failure(registry: &Registry, instance: &str, wanted: &Order) -> String {
        match order(registry, instance, wanted) {
            Done::Failed(failure) => failure.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_guest_without_a_network_is_told_which_setting_gives_it_one() {
        let host = ScriptedHost::new();
        let (lease, _keeper, _client) = host.lease();
        let registry = &host.host.registry;
        registry.insert(lease.living);
        let fault = Order::Fault(Fault::OwnLink {
            direction: Direction::Both,
            effect: Effect::Cut,
        });
        let words = "cannot cut the link of this guest: it has no network but its own loopback\nhint: give it one, as in network = \"user\", or have two guests in a lab, where each link has its own faults";
        assert_eq!(failure(registry, NAME, &fault), words);
        let words = "cannot cut the link of this guest: there is no such instance";
        assert_eq!(failure(registry, "b-2", &fault), words);
        let words = "cannot change this guest: of one that is in no lab, only its link can be";
        assert!(failure(registry, NAME, &Order::Save).starts_with(words));
    }
}
