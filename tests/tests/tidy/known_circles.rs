//! The circles of imports that are still there. It only shrinks: an entry that is no circle any more has to go.

/// Each circle, with all its files.
pub(crate) const KNOWN: &[&[&str]] = &[&[
    "vm-test-executor/src/daemon/kept.rs",
    "vm-test-executor/src/daemon/lease.rs",
    "vm-test-executor/src/daemon/ledger.rs",
    "vm-test-executor/src/daemon/life.rs",
    "vm-test-executor/src/daemon/registry.rs",
    "vm-test-executor/src/daemon/spares.rs",
]];
