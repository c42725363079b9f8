//! An image with a kernel from the host's files instead of its own: its layers, and those of the kernel above. No image in
//! the store names these, so `gc --images` removes them, and they are made again when needed.

use super::build::Build;
use super::kernel_files::modules_beside;
use super::layers::Progress;
use crate::config::OtherKernel;
use crate::image::boot::kernel::INDEX;
use crate::image::layer::digest;
use crate::image::recipe::{Base, Kernel, Recipe};
use crate::image::store::{Artifact, Held, ImageRecord, Lasting, Store, fingerprint, write_json};
use std::fs;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// How the keys of what is remembered of them begin.
const PREFIX: &str = "kernel-";

/// What is remembered: which layers they are.
const RECORD: &str = "image.json";

/// So many are remembered that nobody uses just now.
const KEPT: usize = 8;

impl Store {
    /// This image with the kernel in a file of the host, and the modules that are installed with it; `making` is told if its
    /// layers have to be made first.
    ///
    /// # Errors
    /// If there is no such kernel, or it cannot be added.
    pub fn with_kernel(
        &self,
        image: &ImageRecord,
        vmlinuz: &Path,
        making: &dyn Fn(),
    ) -> Result<(ImageRecord, Held), Failure> {
        let cannot = |cause: &str| {
            Failure::new(format!(
                "cannot use the kernel {}: {cause}",
                vmlinuz.display()
            ))
            .hint(OtherKernel::HINT)
        };
        if !vmlinuz.is_file() {
            return Err(cannot("there is no such file"));
        }
        let modules = modules_beside(vmlinuz)?;
        let key = key_of(image, vmlinuz, modules.as_deref())
            .map_err(|error| cannot(&error.to_string()))?;
        let make = || {
            self.artifact(&key, Lasting::UntilReboot, making, |aside| {
                making();
                self.forget_oldest(PREFIX, KEPT)?;
                let record = self.add_kernel(image, vmlinuz, modules.clone())?;
                write_json(&aside.join(RECORD), &record).map_err(|error| cannot(&error.to_string()))
            })
        };
        let remembered = make()?;
        if let Some(found) = self.layers_of(&remembered)? {
            return Ok(found);
        }
        // They have been removed since.
        self.take_away(&key, remembered)?;
        let found = self.layers_of(&make()?)?;
        found.ok_or_else(|| cannot("its layers were removed from the store just now"))
    }

    fn add_kernel(
        &self,
        image: &ImageRecord,
        vmlinuz: &Path,
        modules: Option<PathBuf>,
    ) -> Result<ImageRecord, Failure> {
        let recipe = Recipe {
            kernel: Some(Kernel::Files {
                vmlinuz: vmlinuz.to_path_buf(),
                modules,
            }),
            ..Recipe::of_base(&image.name, Base::Image(image.name.clone()))
        };
        let mut progress = Quiet;
        // Whoever wants this holds the image's own layers.
        let mut build = Build::above(self, image.clone(), Held::default(), &mut progress);
        build.kernel(&recipe)?;
        Ok(build.finish(&image.name).0)
    }

    /// What is remembered, with all of its layers held; `None` if they are not there any more.
    fn layers_of(&self, artifact: &Artifact) -> Result<Option<(ImageRecord, Held)>, Failure> {
        let bytes = fs::read(artifact.directory.join(RECORD)).unwrap_or_default();
        let Ok(record) = serde_json::from_slice::<ImageRecord>(&bytes) else {
            return Ok(None);
        };
        let mut held = Held::default();
        for key in &record.layers {
            if !self.hold(key, &mut held)? {
                return Ok(None);
            }
        }
        Ok(Some((record, held)))
    }
}

/// The key of all that decides which layers they are. Modules are not read: whoever installs some has their index made last.
fn key_of(image: &ImageRecord, vmlinuz: &Path, modules: Option<&Path>) -> std::io::Result<String> {
    let mut parts = vec![
        fingerprint::until_reboot(),
        image.layers.join(" ").into_bytes(),
        fingerprint::of_file(vmlinuz)?,
    ];
    if let Some(modules) = modules {
        parts.push(fingerprint::of_file(&modules.join(INDEX))?);
    }
    let hash = digest::of_parts(parts.iter().map(Vec::as_slice));
    Ok(format!("{PREFIX}{}", &hash[..32]))
}

/// Nobody looks on: the daemon says by itself what it does.
struct Quiet;

impl Progress for Quiet {
    fn expect(&mut self, _: usize) {}
    fn phase(&mut self, _: &str, _: &str) {}
    fn begin(&mut self, _: &str) {}
    fn cached(&mut self, _: &str) {}
    fn waiting(&mut self, _: &str) {}
    fn end(&mut self) {}
}
