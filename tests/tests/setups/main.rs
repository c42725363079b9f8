//! Set-ups of tests: run once, whoever needs them, kept whole or not at all, and seen by each test
//! as they were left. What the attribute takes, its own tests say.

mod bench;
mod changes;
mod example;
mod failing;
mod in_full;
mod kills;
mod once;
mod refused;
