//! A container's own name in its own files, before anything runs in it.

use super::builder::in_root;
use crate::hosts;
use crate::rootfs::{Plan, Step};
use rustix::mount::mount_bind;
use std::fs;
use std::io;
use std::path::Path;

/// The file that takes the place of one that cannot be changed, below the room.
const OWN_HOSTS: &str = "hosts";

/// Has the guest find itself by its name. What a step of a recipe leaves becomes an image, which has no name.
pub(super) fn give(plan: &Plan, name: &str) -> io::Result<()> {
    if plan.steps.iter().any(stays) {
        return Ok(());
    }
    let file = in_root(Path::new(hosts::FILE));
    let content = fs::read(&file).ok();
    let Some(missing) = hosts::missing(content.as_deref(), name) else {
        return Ok(());
    };
    let is_there = content.is_some();
    let mut content = content.unwrap_or_default();
    content.extend_from_slice(missing.as_bytes());
    if replace(&file, &content).is_err() && is_there {
        // Its directory belongs to nobody here.
        fs::write(OWN_HOSTS, &content)?;
        mount_bind(OWN_HOSTS, &file)?;
    }
    Ok(())
}

fn stays(step: &Step) -> bool {
    matches!(step, Step::Stack { above: Some(_), .. })
}

/// The file may belong to the real root, and then only another one can take its place.
fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let aside = file.with_extension("vm-test");
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(&aside, content)?;
    fs::rename(&aside, file).inspect_err(|_| drop(fs::remove_file(&aside)))
}
