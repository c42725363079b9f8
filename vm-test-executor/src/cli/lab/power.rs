//! Changes the power of a node of a lab that is held. A node is switched on by leasing it and handing
//! it over to the daemon.

use super::held::{Held, named};
use super::ordered::order;
use super::up;
use crate::cli::args::{Power, PowerArgs};
use crate::cli::output::say;
use crate::cli::progress::Display;
use crate::image::Progress;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order, PowerChange};

/// Changes the power, and says so.
pub(super) fn run(args: &PowerArgs) -> Result<(), Failure> {
    let held = named(&args.lab)?;
    let node = &args.node;
    let to = |change| set(&held, node, change);
    let now = match args.change {
        Power::On => {
            if held.instance_of(node).is_some() {
                let words = format!("cannot switch node `{node}` on: it is on already");
                return Err(Failure::new(words));
            }
            switch_on(&held, node)?;
            "is on"
        }
        Power::Reboot => {
            to(PowerChange::Shutdown)?;
            switch_on(&held, node)?;
            "has been rebooted"
        }
        Power::Off => {
            to(PowerChange::Off)?;
            "is off"
        }
        Power::Shutdown => {
            to(PowerChange::Shutdown)?;
            "is off"
        }
        Power::Pause => {
            to(PowerChange::Pause)?;
            "is paused"
        }
        Power::Resume => {
            to(PowerChange::Resume)?;
            "runs on"
        }
        Power::Kill => {
            to(PowerChange::Kill)?;
            "is gone with its disk"
        }
    };
    say(&format!("node {node} of lab {} {now}\n", held.lab.lab))
}

fn set(held: &Held, node: &str, change: PowerChange) -> Result<(), Failure> {
    let cannot = |cause: &str| {
        format!(
            "cannot change the power of node `{node}` of lab {}: {cause}",
            held.lab.lab
        )
    };
    let power = Order::Power {
        node: node.to_owned(),
        change,
    };
    match order(held, power)? {
        Done::Done => Ok(()),
        Done::Failed(failure) => Err(failure.reworded(cannot)),
        other => Err(Failure::new(cannot(&format!(
            "the daemon answered {other:?}"
        )))),
    }
}

/// Switches on a node that is off.
fn switch_on(held: &Held, node: &str) -> Result<(), Failure> {
    let mut display = Display::new();
    let bar = display.bar();
    display.expect(1);
    let lease = up::lease(&held.lab.lab, node, &bar)?;
    drop((display, bar));
    up::keep_node(&lease).map(drop)
}
