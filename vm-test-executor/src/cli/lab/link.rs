//! Cuts and holds links of a lab that is held, and makes them whole again.

use super::held::named;
use super::ordered::{order, release};
use crate::cli::args::{Link, LinkArgs};
use crate::cli::output::say;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Direction, Done, Effect, Fault, Order};

/// Changes a link, and says so.
pub(super) fn run(args: &LinkArgs) -> Result<(), Failure> {
    let held = named(&args.lab)?;
    let LinkArgs { node, network, .. } = args;
    let fault = |effect| {
        Order::Fault(Fault::Link {
            node: node.clone(),
            network: network.clone(),
            direction: Direction::Both,
            effect,
        })
    };
    let done = match args.change {
        Link::Cut => order(&held, fault(Effect::Cut))?,
        Link::Hold => order(&held, fault(Effect::Hold))?,
        Link::Release => release(&held, node, network)?,
    };
    let lab = &held.lab.lab;
    let now = match (done, args.change) {
        (Done::Faulted(_), Link::Cut) => "is cut".to_owned(),
        (Done::Faulted(_), _) => "is held".to_owned(),
        (Done::Mended { delivered, lost }, _) => mended(delivered, lost),
        (Done::Failed(failure), _) => return Err(failure),
        (other, _) => {
            let words = format!("cannot change lab {lab}: the daemon answered {other:?}");
            return Err(Failure::new(words));
        }
    };
    say(&format!(
        "the link of node {node} to network {network} {now}\n"
    ))
}

fn mended(delivered: u64, lost: u64) -> String {
    match (delivered, lost) {
        (0, 0) => "is whole".to_owned(),
        (_, 0) => format!("is whole; frames that had waited: {delivered}"),
        _ => format!("is whole; frames that had waited: {delivered}, and too many to wait: {lost}"),
    }
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn what_became_of_frames_that_were_held_is_told_only_if_there_were_any() {
        assert_eq!(mended(0, 0), "is whole");
        assert_eq!(mended(3, 0), "is whole; frames that had waited: 3");
        assert!(mended(3, 1).ends_with(": 3, and too many to wait: 1"));
    }
}
