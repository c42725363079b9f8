//! Has something done to the packets of a link of a held lab, for as long as this program runs.

use super::held::{Held, named};
use super::ordered::order;
use crate::cli::args::ImpairArgs;
use crate::cli::output::{remark, say};
use libc::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::filter::Filter;
use vm_test_protocol::impairment::{Action, CERTAIN, Impairment, USUAL_LIMIT, Which};
use vm_test_protocol::order::{Direction, Done, Effect, Fault, Order};

/// Faults that have begun, each with its name and its number.
type Begun = Vec<(&'static str, u64)>;

/// Begins the faults, waits for a signal, and ends them.
pub(super) fn run(args: &ImpairArgs) -> Result<(), Failure> {
    let held = named(&args.lab)?;
    // From here on a signal does not end this program before the link is as it was.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| Failure::new(format!("cannot wait for the end of the faults: {error}")))?;
    let mut begun = Begun::new();
    let outcome = begin(&held, args, &mut begun).and_then(|()| {
        let ImpairArgs { node, network, .. } = args;
        let lab = &held.lab.lab;
        remark(&format!(
            "the link of node `{node}` to network `{network}` of lab {lab} is bad until this ends (Ctrl-C)"
        ));
        signals.forever().next();
        say(&told(&held, &begun)?)
    });
    // Each ends, whatever became of the others.
    let ended: Vec<_> = begun
        .iter()
        .map(|(_, fault)| order(&held, Order::Mend { fault: *fault }))
        .collect();
    outcome?;
    ended.into_iter().try_for_each(|done| done.map(drop))
}

/// Begins all faults.
fn begin(held: &Held, args: &ImpairArgs, begun: &mut Begun) -> Result<(), Failure> {
    for (name, effect) in effects(args) {
        let fault = Fault::Link {
            node: args.node.clone(),
            network: args.network.clone(),
            direction: match (args.outgoing, args.incoming) {
                (true, _) => Direction::FromNode,
                (_, true) => Direction::ToNode,
                _ => Direction::Both,
            },
            effect,
        };
        match order(held, Order::Fault(fault))? {
            Done::Faulted(number) => begun.push((name, number)),
            other => return Err(unexpected(held, &other)),
        }
    }
    Ok(())
}

/// Returns what is asked for, each with its name.
fn effects(args: &ImpairArgs) -> Vec<(&'static str, Effect)> {
    let impair = |action, chance| {
        Effect::Impair(Box::new(Impairment {
            packets: Filter::default(),
            which: Which::All,
            chance,
            action,
            seed: args.seed,
            limit: args.limit.unwrap_or(USUAL_LIMIT),
        }))
    };
    let some =
        |name, chance: Option<u32>, action| chance.map(|chance| (name, impair(action, chance)));
    let delay = args.delay.map(|by| Action::Delay {
        by: Duration::from_millis(by),
        jitter: Duration::from_millis(args.jitter.unwrap_or_default()),
    });
    let rate = args.rate.map(|bits| Action::Rate { bits });
    [
        some("loss", args.loss, Action::Lose),
        some("duplicate", args.duplicate, Action::Duplicate),
        some("corrupt", args.corrupt, Action::Corrupt),
        some("reorder", args.reorder, Action::Reorder),
        delay.map(|action| ("delay", impair(action, CERTAIN))),
        rate.map(|action| ("rate", impair(action, CERTAIN))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns what has come of the faults, in words.
fn told(held: &Held, begun: &Begun) -> Result<String, Failure> {
    let mut text = String::new();
    for (name, fault) in begun {
        let Done::Tally(tally) = order(held, Order::Tally { fault: *fault })? else {
            continue;
        };
        let (hits, matched) = (tally.hits, tally.matched);
        text += &format!("{name}: {hits} of {matched} packets");
        if tally.overflowed > 0 {
            text += &format!("; {} lost, since too many waited", tally.overflowed);
        }
        text += "\n";
    }
    Ok(text)
}

fn unexpected(held: &Held, answer: &impl std::fmt::Debug) -> Failure {
    let lab = &held.lab.lab;
    Failure::new(format!(
        "cannot change lab {lab}: the daemon answered {answer:?}"
    ))
}
