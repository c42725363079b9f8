//! What of a guest stays in it, examined file by file and namespace by namespace: changes to the host's files and to those
//! of the workspace, what another guest holds, crowds of processes, verdicts. The fixture `containment` has the bodies.
//! The suite `hostile` has the attacks on the kernel, on devices, on the agent.

mod bait;
mod endings;
mod loads;
mod neighbours;
mod raid;
mod setting;
mod tree;
mod verdicts;
