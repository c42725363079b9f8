//! `vm-test config`: what is wrong in `vm-test.toml` and in the recipes that it names, and the
//! schemas of both kinds of file.

use super::args::{ConfigCommand, SchemaOf};
use super::guest_command::manifest_dir;
use super::output::{complain, remark, say_json};
use crate::config::{self, FILE, HOST_IMAGE, Workspace};
use crate::image::{Store, find_recipe, images, recipe_file, recipe_schema};
use std::collections::BTreeSet;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::store;

/// Runs a command on configuration.
pub(super) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check { json } => check(*json),
        ConfigCommand::Schema { of } => match of {
            SchemaOf::Workspace => say_json(&config::schema()),
            SchemaOf::Recipe => say_json(&recipe_schema()),
        },
    }
}

/// Reads everything that tests would read, and reports all mistakes.
fn check(json: bool) -> Result<(), Failure> {
    let directory = manifest_dir();
    let workspace = match Workspace::find(&directory) {
        Ok(workspace) => workspace,
        Err(mistake) if json => {
            say_json(&[&mistake])?;
            return Err(mistake);
        }
        Err(mistake) => return Err(mistake),
    };
    let Some(file) = workspace.file() else {
        return Err(Failure::new(format!(
            "cannot check the configuration: there is no {FILE} in {} or above",
            directory.display()
        ))
        .hint("guest `host` needs none; `vm-test init` makes one with examples"));
    };
    let mut mistakes = workspace.mistakes();
    let images = images_of(&workspace);
    for image in &images {
        match check_image(image, &directory) {
            Ok(None) => {}
            Ok(Some(warning)) => remark(&warning),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if json {
        say_json(&mistakes)?;
    } else {
        mistakes.iter().for_each(complain);
    }
    if !mistakes.is_empty() {
        return Err(Failure::new(format!(
            "cannot use all of {}: {} in it or in what it names",
            file.display(),
            counted(mistakes.len(), "mistake")
        )));
    }
    remark(&format!(
        "{} is right: {}, {}, {}",
        file.display(),
        counted(workspace.names().count(), "guest"),
        counted(workspace.labs().count(), "lab"),
        counted(images.len(), "image")
    ));
    Ok(())
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// Returns the images of the guests and nodes that are right.
fn images_of(workspace: &Workspace) -> BTreeSet<String> {
    let guests = workspace
        .names()
        .filter_map(|it| workspace.guest(it, &[]).ok());
    let labs = workspace.labs().filter_map(|it| workspace.lab(it).ok());
    let nodes = labs.flat_map(|lab| lab.nodes).map(|node| node.guest);
    let images = guests.chain(nodes).map(|guest| guest.image);
    images.filter(|image| image != HOST_IMAGE).collect()
}

/// Checks the recipe of an image; returns what may be a mistake, or be missing on this host only.
fn check_image(name: &str, directory: &Path) -> Result<Option<String>, Failure> {
    let Err(failure) = find_recipe(name, directory) else {
        return Ok(None);
    };
    if recipe_file(name, directory).is_some() {
        return Err(failure);
    }
    let store = Store::open(&store()?)?;
    if images::find(&store, name).is_ok() {
        return Ok(None);
    }
    let hint = failure.hint.clone().unwrap_or_default();
    Ok(Some(format!(
        "warning: there is no recipe of image `{name}` here, and the store has no such image; {hint}"
    )))
}
