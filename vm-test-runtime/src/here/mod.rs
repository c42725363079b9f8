//! What a test asks about the guest that it runs in. Knows nothing of daemons and of the host.

mod place;

pub use place::{Backend, Here, here};
