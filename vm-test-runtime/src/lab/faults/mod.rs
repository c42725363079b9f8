//! Faults of a node, or of the guest of a test: its clock, disks, memory, processors, files and
//! processes. The agent's program does the work there; here are the handles, which undo it when
//! they are dropped.

mod clock;
mod disk;
mod error;
mod faulty_disk;
mod file;
mod load;
mod place;
mod process;
mod standing;

pub use error::{FaultCause, NodeFaultError};
pub use faulty_disk::{FailingDisk, FaultyDisk};
pub use place::NodeFaults;
pub use process::Processes;
pub use standing::NodeFault;
