//! What an instance needs before it starts: files, disks, a template, devices, limits. Decides and
//! makes it; knows no lease.

mod again;
mod backend;
mod boot;
mod container;
mod emulator;
mod foreign;
mod hardware;
mod held;
mod inputs;
mod lab;
mod lab_template;
mod layers;
mod libraries;
mod limits;
mod machine;
mod names;
mod next;
mod order;
mod payload;
mod ready;
mod source;
pub(super) mod stores;
mod template;
mod tools;
mod turn;
mod vm_refusal;
mod wanted;

pub(super) use again::again;
pub(super) use backend::{decide, decide_node, footprint, prepare};
pub use emulator::{Emulators, may_use_kvm};
pub(super) use foreign::Foreign;
pub(super) use hardware::WRITES;
pub(super) use held::Held;
pub(super) use lab::{entries, lab, needs, networks, on_lab, ports};
pub(super) use lab_template::LabNode;
pub(super) use libraries::Libraries;
pub(super) use limits::limit;
pub(super) use names::Names;
pub use names::guest_of;
pub(super) use next::Next;
pub(super) use order::{OnLab, Order};
pub(super) use ready::Ready;
pub(super) use tools::Tools;
pub(super) use turn::to_boot;
pub(super) use wanted::Wanted;
