//! The blocks of code in README and the book: each must be of a known kind. Blocks that no program
//! of this workspace reads in its own tests are compiled or looked up here. Starts no guest.

mod cargo;
mod kinds;
mod packages;
mod programs;
mod rust;
