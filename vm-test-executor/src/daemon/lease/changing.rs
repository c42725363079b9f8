//! What users change about a lab that is held: the power of its nodes, and its links. One change at a
//! time; ends no lab.

use super::host::Host;
use super::labs::LivingLab;
use super::orders;
use crate::config::Backend;
use crate::sync;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Effect, Fault, Order, PowerChange};

/// Carries out an order of a user about a lab that is held.
pub(crate) fn order(host: &Host, name: &str, order: &Order) -> Done {
    with_turn(host, name, |lab| match order {
        Order::Power { node, change } => power(host, lab, order, node, *change),
        // What is done to single packets is ended by the program that has begun it.
        Order::Fault(Fault::Link {
            node,
            network,
            effect: Effect::Cut | Effect::Hold,
            ..
        }) => fault(host, lab, order, [node.as_str(), network.as_str()]),
        _ => orders::carry_out(lab, &host.admission, order),
    })
}

/// Ends the faults of a link that users have begun.
pub(crate) fn release(host: &Host, name: &str, node: &str, network: &str) -> Done {
    with_turn(host, name, |lab| {
        let Some(fault) = lab.about.holding.end_of_fault([node, network]) else {
            let words = format!(
                "cannot release the link of node `{node}` to network `{network}`: it is neither cut nor held"
            );
            return Done::Failed(Failure::new(words));
        };
        orders::carry_out(lab, &host.admission, &Order::Mend { fault })
    })
}

/// Does something with a held lab under its lock: one change at a time.
fn with_turn(host: &Host, name: &str, change: impl FnOnce(&LivingLab) -> Done) -> Done {
    let cannot = |cause: &str| Failure::new(format!("cannot change lab {name}: {cause}"));
    let Some(lab) = host.labs.find(name) else {
        let failure = cannot("there is no such lab");
        return Done::Failed(failure.hint("`vm-test lab ls` lists all labs"));
    };
    if lab.about.holding.connection().is_none() {
        let failure = cannot("its test still runs");
        return Done::Failed(failure.hint("labs are held when their tests have failed"));
    }
    let _turn = sync::lock(&lab.about.holding.turn);
    change(&lab)
}

/// Changes the power of a node; gives its lease up first, if that ends it.
fn power(host: &Host, lab: &LivingLab, order: &Order, node: &str, change: PowerChange) -> Done {
    let refused = |words: &str| Done::Failed(Failure::new(words));
    let Some(known) = lab.plan.nodes.iter().find(|known| known.name == node) else {
        return refused("the lab has no such node");
    };
    if change != PowerChange::Kill && known.guest.backend != Backend::Kvm {
        let failure = Failure::new("it is a container, which can only be killed and switched on");
        return Done::Failed(
            failure.hint("`kill` ends it with its files, and `on` starts it anew"),
        );
    }
    if matches!(
        change,
        PowerChange::Off | PowerChange::Kill | PowerChange::Shutdown
    ) {
        // Otherwise a lab of which nothing runs has ended.
        lab.about.holding.note_off();
    }
    if matches!(change, PowerChange::Off | PowerChange::Kill) {
        match host.registry.kept_node(&lab.about.name, node) {
            Some(kept) => kept.end(),
            None if change == PowerChange::Off => return refused("it is off already"),
            None => {}
        }
    }
    orders::carry_out(lab, &host.admission, order)
}

/// Begins a fault of a link, and remembers it for its end.
fn fault(host: &Host, lab: &LivingLab, order: &Order, link: [&str; 2]) -> Done {
    let holding = &lab.about.holding;
    if holding.has_fault(link) {
        let [node, network] = link;
        let words = format!(
            "cannot change the link of node `{node}` to network `{network}`: it is cut or held already"
        );
        return Done::Failed(Failure::new(words).hint("`release` makes it whole again"));
    }
    let done = orders::carry_out(lab, &host.admission, order);
    if let Done::Faulted(fault) = done {
        holding.note_fault(link, fault);
    }
    done
}
