//! How many descriptors this process may have: each connection needs two.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many as the system lets this user have.
pub(crate) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // If it cannot be raised, connections beyond it wait to be accepted.
    let _ = setrlimit(Resource::Nofile, raised);
}
