//! Boots of VMs that take turns. Two that boot at once starve each other where QEMU translates and
//! processors are few: the kernel of one then measures its timers wrong, and may never boot.

use super::tools::Tools;
use crate::backend::kvm::Accelerator;
use crate::host::processors::processors;
use crate::sync;
use std::sync::MutexGuard;

/// With so many processors, VMs whose instructions are translated may boot at once.
const PLENTY: usize = 4;

/// A turn to boot; dropping it lets the next VM boot.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _turn: Option<MutexGuard<'a, ()>>,
}

/// Waits for a turn to boot, if this VM needs one; `say` is told if another VM boots.
pub(crate) fn to_boot<'a>(
    tools: &'a Tools,
    accelerator: Accelerator,
    say: &dyn Fn(&str),
) -> Turn<'a> {
    let is_tight = accelerator == Accelerator::Tcg && processors() < PLENTY;
    let turn = is_tight.then(|| match tools.boots.try_lock() {
        Ok(turn) => turn,
        Err(_) => {
            say("another VM boots; this one waits for it");
            sync::lock(&tools.boots)
        }
    });
    Turn { _turn: turn }
}
