//! Room for one instance or a whole lab, once it is there. Plain data.

use super::admission::Admitted;
use std::sync::Arc;
use std::time::Duration;

/// Room for a lease, and how long the lease waited for it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) admitted: Arc<Admitted>,
    pub(super) waited: Duration,
}
