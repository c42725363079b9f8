//! `vm-test lab`: labs that are started without a test, or that failed tests have left, and pictures
//! of labs.

mod choice;
mod down;
mod enter;
mod graph;
mod held;
mod impair;
mod link;
mod listing;
mod ordered;
mod pcap;
mod power;
mod run;
mod up;

pub(super) use down::end;
pub(super) use enter::{exec, shell};
pub(super) use held::survey;
pub(super) use run::run;
