//! Chains of toxics without sockets: what each toxic does, and what changes of them do.

mod changes;
mod effects;
mod trial;
