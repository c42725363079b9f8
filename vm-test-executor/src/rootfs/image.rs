//! The root of a guest that starts from an image: its layers or a snapshot of it, with fresh `/run`
//! and `/tmp` above.

use super::plan::{By, Plan};
use super::step::Step;
use std::path::PathBuf;

/// The directories of the host that become the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// Layers.
    Layers {
        /// The layers, the base first.
        below: Vec<PathBuf>,
        /// Where writes are kept, in its `files`; without it they go to memory.
        above: Option<PathBuf>,
    },
    /// A directory of the guest's own, which it writes to directly.
    Own(PathBuf),
}

/// Returns the plan.
pub(super) fn plan(as_root: bool, root: &Root) -> Plan {
    let mut plan = Plan::default();
    let mut lower = |directory: &PathBuf| plan.lower(directory.clone(), By::user(as_root));
    let step = match root {
        Root::Layers { below, above } => Step::Stack {
            target: "/".into(),
            below: below.iter().map(&mut lower).collect(),
            above: above.as_ref().map(&mut lower),
        },
        Root::Own(directory) => Step::Own {
            target: "/".into(),
            source: lower(directory),
        },
    };
    plan.steps.push(step);
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
