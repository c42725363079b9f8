//! What the end-to-end suites of vm-test share: fixtures, daemons, the census. Contains no test.

pub mod account;
pub mod campaign;
pub mod census;
pub mod daemon;
pub mod document;
pub mod fixture;
pub mod group;
pub mod host;
pub mod patience;
pub mod place;
pub mod process;
pub mod publication;
pub mod report;
pub mod schema;
pub mod shell;
pub mod streams;
pub mod terminal;
pub mod workshop;
