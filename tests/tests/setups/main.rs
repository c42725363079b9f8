//! Set-ups of tests: each is run once for all tests that need it, kept whole or not at all, and
//! seen by each test as it was left. What the attribute takes, its own tests say.

mod bench;
mod changes;
mod example;
mod failing;
mod in_full;
mod kills;
mod once;
mod refused;
