//! `vm-test prepare`: builds every image that this workspace's guests and labs name, and boots every
//! guest that is a VM, before tests need them.

use super::args::{ReportArgs, Settings};
use super::build;
use super::guest_command::{Command, manifest_dir};
use super::output::{remark, say_json};
use crate::config::lab::Node;
use crate::config::{Backend, FILE, HOST_IMAGE, Workspace};
use crate::image::{Digest, ImageRecord, Store, find_recipe, images};
use serde::Serialize;
use std::collections::BTreeSet;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::store;

/// What was done with one image.
#[derive(Debug, Serialize)]
struct Prepared {
    name: String,
    digest: Digest,
    built: bool,
}

/// Builds the images in turn.
///
/// An image that exists is built again if it has a recipe: this finds what has changed in the
/// recipe, and does nothing if nothing has.
pub(super) fn run(args: ReportArgs) -> Result<(), Failure> {
    let directory = manifest_dir();
    let workspace = Workspace::find(&directory)?;
    let Some(file) = workspace.file() else {
        return Err(Failure::new(format!(
            "cannot prepare the images of this workspace: there is no {FILE} in {} or above",
            directory.display()
        ))
        .hint(format!("guest `host` needs none; declare others in {FILE}")));
    };
    let store = Store::open(&store()?)?;
    let (mut names, mut machines) = (BTreeSet::new(), Vec::new());
    for name in workspace.names() {
        let guest = workspace.guest(name, &[])?;
        if guest.backend == Backend::Kvm {
            machines.push(name);
        }
        names.insert(guest.image_with_kernel());
        names.insert(guest.image);
    }
    for lab in workspace.labs() {
        for Node { guest, .. } in workspace.lab(lab)?.nodes {
            names.insert(guest.image_with_kernel());
            names.insert(guest.image);
        }
    }
    names.remove(HOST_IMAGE);
    let mut prepared = Vec::new();
    for name in names {
        let before = images::find(&store, &name).ok();
        let record = match (find_recipe(&name, &directory), &before) {
            (Ok(recipe), _) => build::make(&store, &recipe)?,
            // Imported or committed: there is no recipe to build it from.
            (Err(_), Some(image)) => image.clone(),
            (Err(failure), None) => {
                return Err(
                    failure.reworded(|words| format!("{words} ({} names it)", file.display()))
                );
            }
        };
        prepared.push(Prepared {
            built: before.is_none_or(|before: ImageRecord| before.layers != record.layers),
            digest: record.digest,
            name,
        });
    }
    let settings = Settings::default();
    for name in &machines {
        // An instance implies a template; nothing has to run in it.
        drop(Command::new(name, &settings, &[])?.lease("prepare", None)?);
    }
    if args.json {
        return say_json(&prepared);
    }
    let built = prepared.iter().filter(|image| image.built).count();
    let booted = match machines.len() {
        0 => String::new(),
        1 => ", 1 VM has booted".to_owned(),
        count => format!(", {count} VMs have booted"),
    };
    remark(&format!(
        "{built} of {} images built for {}{booted}",
        prepared.len(),
        file.display()
    ));
    Ok(())
}
