//! What a test asks about the guest that it runs in: which one it is, and waits for what happens
//! there. Knows nothing of daemons and of the host.

mod condition;
mod error;
mod file;
mod listener;
mod log;
mod look;
mod pace;
mod place;
mod scene;
mod unit;
mod until;
mod wait;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
mod wanted;

pub use condition::Condition;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub(crate) use error::Facts;
pub use error::WaitError;
pub use place::{Backend, Here, here};
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub(crate) use scene::Scene;
pub use until::Answer;
pub use wait::Wait;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
pub(crate) use wanted::{Wanted, until};
