//! What of a guest stays in it, examined file by file and namespace by namespace: changes to the host's files and to those
//! of the workspace, what another guest holds, crowds of processes, verdicts. The fixture `containment` has the bodies.
//! The suite `hostile` has the attacks on the kernel, on devices, on the agent.

mod bait;
mod endings;
mod loads;
mod neighbours;
mod raid;
mod tree;
mod verdicts;

use endings::{assert_endings, fixture};
use std::time::Duration;
use vm_test_tests::place::Place;

/// Where the bodies run.
const PLACE: Place = Place::Container;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(300);
