//! Imported images: good ones, from which guests start, and bad ones, each refused with an exact
//! message and leaving nothing behind.

mod archive;
mod archives;
mod bad_names;
mod bad_pulls;
mod bench;
mod debian_registry;
mod disks;
mod downloads;
mod exchange;
mod good;
mod host;
mod in_full;
mod keychains;
mod layers;
mod layout;
mod layouts;
mod limits;
mod logins;
mod odd;
mod opened;
mod place;
mod pulls;
mod recipes;
mod registry;
mod rootfs;
mod shelf;
mod tables;
mod words;
