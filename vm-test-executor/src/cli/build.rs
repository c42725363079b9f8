//! The build of an image: its steps in guests, and what is said meanwhile.

use super::disk;
use super::output::remark;
use super::progress::{Bar, Display};
use super::relay::{self, Outcome};
use crate::config::HOST;
use crate::image::{self, ImageRecord, Recipe, Runner, Store, find_recipe};
use std::fs::File;
use std::io::PipeWriter;
use std::path::PathBuf;
use std::time::Instant;
use vm_test_protocol::agent::{End, Job};
use vm_test_protocol::daemon::{DiskFormat, LayerBuild, LeaseRequest};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::Lease;
use vm_test_settings::guest::Setting;

/// Memory of the container that runs a build step, in bytes: compilers and package managers need
/// more than a test.
const STEP_MEMORY: u64 = 2 << 30;

/// Builds a recipe's image and reports progress.
pub(super) fn make(store: &Store, recipe: &Recipe) -> Result<ImageRecord, Failure> {
    let began = Instant::now();
    let mut display = Display::new();
    let mut runner = InGuests {
        store,
        bar: display.bar(),
    };
    let built = image::build(store, recipe, &mut display, &mut runner);
    // Dropping the last copy clears the bar.
    drop((display, runner));
    let record = built?;
    remark(&format!(
        "image `{}` is {} ({} layers, {:.1} s)",
        record.name,
        record.digest.short(),
        record.layers.len(),
        began.elapsed().as_secs_f64()
    ));
    Ok(record)
}

/// Runs build steps in containers whose writes persist, and has VMs read imported disks.
struct InGuests<'a> {
    store: &'a Store,
    bar: Bar,
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
        let ensure = |image: &str| {
            let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
            make(self.store, &find_recipe(image, &here)?).map(drop)
        };
        disk::read(self.store, &self.bar, name, disk, format, into, &ensure)
    }

    fn run(&mut self, command: &str, layer: LayerBuild) -> Result<(), Failure> {
        let request = LeaseRequest {
            settings: vec![Setting::Memory(STEP_MEMORY)],
            build: Some(layer),
            ..LeaseRequest::new(
                HOST,
                format!("vm-test image build: {command}"),
                self.store.root().to_string_lossy(),
            )
        };
        let mut lease = Lease::obtain(&request, |reason| {
            self.bar.say(&format!("waiting for an instance: {reason}"));
        })?;
        let job = Job {
            environment: vec![(b"DEBIAN_FRONTEND".to_vec(), b"noninteractive".to_vec())],
            ..Job::program("/bin/sh", ["-euc", command])
        };
        let cannot = |cause: String| Failure::new(format!("cannot run `{command}`: {cause}"));
        let outcome = self.bar.leave_to(|| relay::run_alone(&mut lease, job));
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
