//! The root of a guest that starts from an image: its layers, with fresh `/run` and `/tmp` above.

use super::plan::{Plan, Step};
use std::path::PathBuf;

/// The plan. `below` are the directories of the layers, the base first; `above` takes the writes that stay.
pub(super) fn plan(as_root: bool, below: &[PathBuf], above: Option<PathBuf>) -> Plan {
    let mut plan = Plan::default();
    let below = below
        .iter()
        .map(|layer| plan.lower(layer.clone(), as_root, false))
        .collect();
    let above = above.map(|dir| plan.lower(dir, as_root, false));
    plan.steps.push(Step::Stack {
        target: "/".into(),
        below,
        above,
    });
    for dir in ["/dev", "/proc", "/sys"] {
        plan.steps.push(Step::Directory {
            target: dir.into(),
            mode: 0o755,
        });
    }
    for (dir, mode) in [("/run", 0o755), ("/tmp", 0o1777)] {
        plan.steps.push(Step::Empty {
            target: dir.into(),
            mode,
        });
    }
    plan
}
