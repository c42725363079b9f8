//! The blocks of code in README and the book: each is of a kind that is known here, and what no
//! program of this workspace reads in its own tests is compiled or looked up here. It starts no
//! guest.

mod cargo;
mod kinds;
mod packages;
mod programs;
mod rust;
