//! Images from elsewhere: good ones, from which guests start, and bad ones, each refused in exact words and leaving
//! nothing behind.

#[path = "imports/archive.rs"]
mod archive;
#[path = "imports/archives.rs"]
mod archives;
#[path = "imports/disks.rs"]
mod disks;
#[path = "imports/good.rs"]
mod good;
#[path = "imports/host.rs"]
mod host;
#[path = "imports/layers.rs"]
mod layers;
#[path = "imports/layout.rs"]
mod layout;
#[path = "imports/layouts.rs"]
mod layouts;
#[path = "imports/limits.rs"]
mod limits;
#[path = "imports/odd.rs"]
mod odd;
#[path = "imports/opened.rs"]
mod opened;
#[path = "imports/place.rs"]
mod place;
#[path = "imports/recipes.rs"]
mod recipes;
#[path = "imports/rootfs.rs"]
mod rootfs;
