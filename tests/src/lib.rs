//! Wires the end-to-end suites of vm-test; the helpers they share live in its modules.
