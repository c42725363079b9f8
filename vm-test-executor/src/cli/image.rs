//! `vm-test image`: builds, lists, checks and removes images, and prints the progress.

use super::args::ImageCommand;
use super::output::{remark, say, say_json};
use super::progress::{Bar, Display};
use super::relay::{self, Outcome};
use super::{disk, machine};
use crate::config::HOST;
use crate::image::{self, Base, ImageRecord, Recipe, Runner, Source, Store};
use serde::Serialize;
use std::fs::File;
use std::io::PipeWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use vm_test::client::{Lease, store};
use vm_test::protocol::agent::{End, Job};
use vm_test::protocol::daemon::{DiskFormat, LayerBuild, LeaseRequest, OwnedSetting};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::harvest::Wanted;

/// Memory of the container that runs a step, in bytes: compilers and package managers want more than a test.
const STEP_MEMORY: u64 = 2 << 30;

/// How many characters of a digest are shown to people.
const SHORT: usize = 12;

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
        ImageCommand::List(args) if args.json => say_json(&store.list()),
        ImageCommand::List(_) => list(&store),
        ImageCommand::Inspect { name, json: true } => say_json(&store.image(name)?),
        ImageCommand::Inspect { name, json: false } => inspect(&store, &store.image(name)?),
        ImageCommand::Machine { name, init, json } => {
            machine::run(&store, name, init.as_deref(), *json)
        }
        ImageCommand::Verify { name, json } => verify(&store, name, *json),
        ImageCommand::Rm { name } => {
            store.forget(name)?;
            remark(&format!("removed image `{name}`"));
            Ok(())
        }
        ImageCommand::Export { name, file } => image::export(&store, name, file),
        // It runs something in a guest and ends as that does.
        ImageCommand::Commit { .. } => Ok(()),
    }
}

fn import(store: &Store, name: &str, source: &str) -> Result<(), Failure> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    Store::check_name(name)?;
    let base = Source::parse(source, &here)?.base();
    make(store, &Recipe::of_base(name, base)).map(drop)
}

/// Has the host's system copied anew for a recipe that starts from it.
fn wants_anew(store: &Store, recipe: &Recipe) -> Result<(), Failure> {
    match &recipe.base {
        Base::Host(_) => store.refresh_host(),
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

/// Builds a recipe's image and says how it goes.
pub(super) fn make(store: &Store, recipe: &Recipe) -> Result<ImageRecord, Failure> {
    let began = Instant::now();
    let mut display = Display::new();
    let mut runner = InGuests {
        store,
        bar: display.bar(),
    };
    let built = image::build(store, recipe, &mut display, &mut runner);
    drop(display);
    let record = built?;
    remark(&format!(
        "image `{}` is {} ({} layers, {:.1} s)",
        record.name,
        &record.digest[..SHORT],
        record.layers.len(),
        began.elapsed().as_secs_f64()
    ));
    Ok(record)
}

fn list(store: &Store) -> Result<(), Failure> {
    let images = store.list();
    if images.is_empty() {
        remark("no images; `vm-test image build debian-12` makes one");
    }
    let mut text = String::new();
    for image in images {
        let size = bytes_of(store, &image) >> 20;
        text += &format!(
            "{:<24} {}  {} layers  {size} MiB  {}\n",
            image.name,
            &image.digest[..SHORT],
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
        if let Some(layer) = store.layer(key) {
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
    let layers = image.layers.iter().filter_map(|key| store.layer(key));
    layers.map(|layer| layer.bytes).sum()
}

/// What became of an image, for programs.
#[derive(Debug, Serialize)]
struct Verified<'a> {
    name: &'a str,
    digest: String,
    changed: &'a [String],
}

fn verify(store: &Store, name: &str, json: bool) -> Result<(), Failure> {
    let digest = store.image(name)?.digest;
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
        "cannot vouch for image `{name}`: changed since it was built: {}",
        changed.join(", ")
    ))
    .hint(format!(
        "remove it and build it again: vm-test image rm {name}; vm-test gc --images"
    )))
}

/// Runs steps in containers whose writes stay, and has disks read by machines.
struct InGuests<'a> {
    store: &'a Store,
    bar: Arc<Bar>,
}

impl Runner for InGuests<'_> {
    fn progress(&mut self, words: &str) {
        self.bar.progress(words);
    }

    fn say(&mut self, words: &str) {
        self.bar.say(words);
    }

    fn read_disk(
        &mut self,
        name: &str,
        disk: &File,
        format: DiskFormat,
        into: PipeWriter,
    ) -> Result<(), Failure> {
        disk::read(self.store, &self.bar, name, disk, format, into)
    }

    fn run(&mut self, command: &str, layer: LayerBuild) -> Result<(), Failure> {
        let request = LeaseRequest {
            entry: None,
            guest: HOST.to_owned(),
            settings: vec![OwnedSetting::Memory(STEP_MEMORY)],
            manifest_dir: "/".to_owned(),
            store: self.store.root().to_string_lossy().into_owned(),
            disk: None,
            build: Some(layer),
            programs: Vec::new(),
            credentials: Vec::new(),
            library_path: String::new(),
            shares: Vec::new(),
            purpose: format!("vm-test image build: {command}"),
            pid: std::process::id(),
        };
        let mut lease = Lease::obtain(&request, |reason| {
            self.bar.say(&format!("waiting for an instance: {reason}"));
        })?;
        let job = Job {
            nonce: 0,
            program: "/bin/sh".to_owned(),
            args: [&b"-euc"[..], command.as_bytes()]
                .map(<[u8]>::to_vec)
                .to_vec(),
            directory: Path::new("/").to_string_lossy().into_owned(),
            directory_is_optional: false,
            environment: vec![(b"DEBIAN_FRONTEND".to_vec(), b"noninteractive".to_vec())],
            timeout: None,
            stop_at_timeout: false,
            test: None,
            terminal: None,
            of_host: None,
            wanted: Wanted::default(),
        };
        let cannot = |cause: String| Failure::new(format!("cannot run `{command}`: {cause}"));
        let aside = self.bar.stand_aside();
        let outcome = relay::run_alone(&mut lease, job);
        drop(aside);
        lease.give_up();
        match outcome? {
            Outcome::Ended { ended, .. } => match ended.end {
                End::Exited(0) => Ok(()),
                End::Exited(code) => Err(cannot(format!("it exited with code {code}"))),
                End::NotStarted { reason, .. } => Err(cannot(reason)),
                end => Err(cannot(format!("{end:?}"))),
            },
            Outcome::HungUp => Err(cannot("the terminal is gone".to_owned())),
        }
    }
}
