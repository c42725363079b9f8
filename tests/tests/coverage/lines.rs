//! The test of the fixture whose lines are counted, and the files that contain them.

/// The files whose lines count exactly, whatever dies beside them. The tool leaves out tests
/// themselves.
pub(crate) const COUNTED: [&str; 2] = ["src/bin/child.rs", "src/lib.rs"];

/// The options of cargo that select the test.
pub(crate) const LINES: [&str; 2] = ["--test", "lines"];

/// The option with which it runs on a guest.
pub(crate) const ON_A_GUEST: [&str; 2] = ["--features", "guest"];
