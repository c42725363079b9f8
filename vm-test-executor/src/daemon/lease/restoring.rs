//! Returns the nodes of a lab to a saved state. Starts none: their next leases restore them.

use super::gathering::Gathering;
use super::labs::LivingLab;
use super::nodes::{NodeState, Resumes};
use super::power;
use super::saved::SavedNode;
use std::fs::File;
use std::io::{self, Seek};
use std::sync::Arc;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::DRIVER;

/// Makes the next lease of each node restore it; returns the names of those that were on. All leases
/// have been given up.
pub(super) fn restore(lab: &LivingLab, number: u64) -> Result<Vec<String>, Failure> {
    let saved = lab.saved.find(number);
    let saved = saved.ok_or_else(|| Failure::new("there is no such saved state"))?;
    let nodes = || lab.plan.nodes.iter().filter(|node| node.name != DRIVER);
    for node in nodes() {
        power::await_end(lab, &node.name)?;
    }
    let on = saved.nodes.iter().filter(|node| node.state.is_some());
    let on: Vec<_> = on.map(|node| node.name.clone()).collect();
    let gathering = Arc::new(Gathering::of(on.len()));
    for node in nodes() {
        let known = saved.nodes.iter().find(|known| known.name == node.name);
        let next = known.map_or(Ok(NodeState::default()), |known| next(known, &gathering));
        let next = next.map_err(|error| {
            Failure::new(format!(
                "node `{}`: there is no file for it: {error}",
                node.name
            ))
        })?;
        lab.nodes.with(&node.name, |state| *state = next);
    }
    Ok(on)
}

/// Returns a node as it was saved, with a layer of its own above its disks.
fn next(saved: &SavedNode, gathering: &Arc<Gathering>) -> io::Result<NodeState> {
    let mut disks = saved.disks.clone();
    disks.add(disks.new_layer()?);
    let state = saved.state.as_ref().map(|state| {
        let mut file = File::from(state.try_clone()?);
        file.rewind()?;
        io::Result::Ok(Resumes {
            state: file.into(),
            gathering: Arc::clone(gathering),
        })
    });
    Ok(NodeState {
        made: Some((saved.made.bare(), disks)),
        resumes: state.transpose()?,
        ..NodeState::default()
    })
}
