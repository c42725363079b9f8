//! `vm-test doctor`: checks everything that a guest needs, in the order in which it is needed.

mod check;
mod guest;
mod host;
mod installation;
mod report;
mod user;

pub(super) use report::run;
