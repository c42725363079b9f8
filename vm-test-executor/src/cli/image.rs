//! `vm-test image`: builds, lists, checks and removes images, and prints the progress.

use super::args::ImageCommand;
use super::build::make;
use super::machine;
use super::output::{complain, remark, say, say_json};
use crate::image::{self, Base, Digest, ImageRecord, Recipe, Source, Store, images, layers};
use serde::Serialize;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::store;

/// Runs a command on images.
pub(super) fn run(command: &ImageCommand) -> Result<(), Failure> {
    let store = Store::open(&store()?)?;
    match command {
        ImageCommand::Build { name, refresh } => {
            let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
            let recipe = image::find_recipe(name, &here)?;
            if *refresh {
                wants_anew(&store, &recipe)?;
            }
            make(&store, &recipe).map(drop)
        }
        ImageCommand::Import { name, source } => import(&store, name, source),
        ImageCommand::List(args) if args.json => say_json(&images::list(&store)),
        ImageCommand::List(_) => list(&store),
        ImageCommand::Inspect { name, json: true } => say_json(&images::find(&store, name)?),
        ImageCommand::Inspect { name, json: false } => {
            inspect(&store, &images::find(&store, name)?)
        }
        ImageCommand::Machine { name, init, json } => {
            machine::run(&store, name, init.as_deref(), *json)
        }
        ImageCommand::Verify { name, json } => verify(&store, name, *json),
        ImageCommand::Rm { names } => remove(&store, names),
        ImageCommand::Export { name, file } => image::export(&store, name, file),
        // It runs something in a guest; its exit code is handled elsewhere.
        ImageCommand::Commit { .. } => Ok(()),
    }
}

/// Removes each of the images that can be removed.
fn remove(store: &Store, names: &[String]) -> Result<(), Failure> {
    let mut result = Ok(());
    for name in names {
        match images::forget(store, name) {
            Ok(()) => remark(&format!("removed image `{name}`")),
            Err(failure) => {
                if let Err(earlier) = std::mem::replace(&mut result, Err(failure)) {
                    complain(&earlier);
                }
            }
        }
    }
    result
}

fn import(store: &Store, name: &str, source: &str) -> Result<(), Failure> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    images::check_name(name)?;
    let base = Source::parse(source, &here)?.base();
    make(store, &Recipe::of_base(name, base)).map(drop)
}

/// Requests a new copy of the host's system for a recipe that starts from it.
fn wants_anew(store: &Store, recipe: &Recipe) -> Result<(), Failure> {
    match &recipe.base {
        Base::Host(_) => image::refresh_host(store),
        Base::Registry(reference) => Err(Failure::new(format!(
            "cannot refresh image `{}`: its base is {reference}, which every build looks up",
            recipe.name
        ))
        .hint(format!("vm-test image build {}", recipe.name))),
        base => {
            let failure = Failure::new(format!(
                "cannot refresh image `{}`: its base is not \"host\", and all others are built once",
                recipe.name
            ));
            Err(match base {
                Base::Image(name) => failure.hint(format!(
                    "if image `{name}` starts from the host, refresh that one"
                )),
                _ => failure.hint(format!(
                    "vm-test image rm {}; vm-test gc --images",
                    recipe.name
                )),
            })
        }
    }
}

fn list(store: &Store) -> Result<(), Failure> {
    let images = images::list(store);
    if images.is_empty() {
        remark("no images; `vm-test image build debian-12` makes one");
    }
    let mut text = String::new();
    for image in images {
        let size = bytes_of(store, &image) >> 20;
        text += &format!(
            "{:<24} {}  {} layers  {size} MiB  {}\n",
            image.name,
            image.digest.short(),
            image.layers.len(),
            match &image.kernel {
                Some(kernel) => format!("kernel {}", kernel.release),
                None => "no kernel".to_owned(),
            }
        );
    }
    say(&text)
}

fn inspect(store: &Store, image: &ImageRecord) -> Result<(), Failure> {
    let mut text = format!("name    {}\ndigest  {}\n", image.name, image.digest);
    if let Some(kernel) = &image.kernel {
        text += &format!("kernel  {}  {}\n", kernel.release, kernel.name);
    }
    for key in &image.layers {
        if let Some(layer) = layers::find(store, key) {
            text += &format!(
                "layer   {key}  {:>5} MiB  {}\n",
                layer.bytes >> 20,
                layer.step
            );
        }
    }
    say(&text)
}

fn bytes_of(store: &Store, image: &ImageRecord) -> u64 {
    let layers = image
        .layers
        .iter()
        .filter_map(|key| layers::find(store, key));
    layers.map(|layer| layer.bytes).sum()
}

/// The result of a verification, as JSON.
#[derive(Debug, Serialize)]
struct Verified<'a> {
    name: &'a str,
    digest: Digest,
    changed: &'a [String],
}

fn verify(store: &Store, name: &str, json: bool) -> Result<(), Failure> {
    let digest = images::find(store, name)?.digest;
    let changed = image::verify(store, name)?;
    if json {
        say_json(&Verified {
            name,
            digest,
            changed: &changed,
        })?;
    }
    if changed.is_empty() {
        if json {
            return Ok(());
        }
        remark(&format!("image `{name}` is unchanged since it was built"));
        return Ok(());
    }
    Err(Failure::new(format!(
        "cannot verify image `{name}`: it has changed since it was built: {}",
        changed.join(", ")
    ))
    .hint(format!(
        "remove it and build it again: vm-test image rm {name}; vm-test gc --images"
    )))
}
