//! What keeps a container from taking more than it was promised: control groups, or else its agent.
//! Knows when which of them does it, not how.

use super::super::instance::{Belongings, Limits};
use crate::keeper::{Assignment, World};

/// Limits an instance that is about to be started, if it is a container: by control groups, where
/// this user may make them, or else by its agent.
pub(crate) fn limit(assignment: &mut Assignment, belongings: &mut Belongings) {
    let World::Container(container) = &mut assignment.world else {
        return;
    };
    belongings.limits = Limits::new(&assignment.instance, assignment.room).ok();
    // A build step writes to disk, not to memory.
    container.watch_memory = belongings.limits.is_none() && !container.plan.stays();
}
