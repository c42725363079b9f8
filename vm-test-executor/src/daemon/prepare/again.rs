//! What it takes to start a VM once more, from the disks that an earlier one of the same node has
//! left.

use super::hardware::belongings;
use super::ready::Ready;
use super::tools::Tools;
use crate::backend::kvm::Start;
use crate::config::Guest;
use crate::keeper::World;
use vm_test_protocol::failure::Failure;

/// Returns what was made ready before, with a new number and name, to be started like this.
///
/// # Errors
/// If it was no VM, or has no console.
pub(crate) fn again(
    tools: &Tools,
    guest: &Guest,
    made: &Ready,
    start: Start,
) -> Result<Ready, Failure> {
    let mut ready = made.bare();
    let (number, name) = tools.names.next(&guest.name);
    ready.number = number;
    let World::Vm(vm) = &mut ready.assignment.world else {
        return Err(Failure::new("only a VM has disks that outlive it"));
    };
    vm.hardware.start = start;
    ready.belongings = belongings(guest, &name, vm.hardware.accelerator)?;
    ready.assignment.instance = name;
    Ok(ready)
}
