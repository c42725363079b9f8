//! The build step that gives an image its kernel.
//!
//! The kernel is in separate layers right above the base, so that changing later steps does not
//! fetch it again. Containers ignore them.

use super::kernel_files::{self, system_release};
use super::layers::Layers;
use super::place;
use crate::image::boot::releases;
use crate::image::inside::{self, Task};
use crate::image::layer::bootstrap;
use crate::image::layer::release::Release;
use crate::image::layer::stacked::Stack;
use crate::image::recipe::{Base, Kernel, Recipe};
use crate::image::store::KernelRecord;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// Adds the kernel that the recipe names; by default, keeps the base's.
pub(super) fn of_recipe(
    layers: &mut Layers<'_>,
    recipe: &Recipe,
    base: Option<KernelRecord>,
) -> Result<Option<KernelRecord>, Failure> {
    match &recipe.kernel {
        None => Ok(base),
        Some(Kernel::None) => Ok(None),
        Some(Kernel::Package(package)) => of_package(layers, recipe, package).map(Some),
        Some(Kernel::Files { vmlinuz, modules }) => {
            of_files(layers, vmlinuz, modules.as_deref()).map(Some)
        }
    }
}

/// Adds a kernel from files of the host.
pub(super) fn of_files(
    layers: &mut Layers<'_>,
    vmlinuz: &Path,
    modules: Option<&Path>,
) -> Result<KernelRecord, Failure> {
    let before = layers.keys.len();
    let (entries, release) = kernel_files::files(vmlinuz, modules)?;
    for entry in &entries {
        place::add(layers, entry)?;
    }
    let name = vmlinuz.file_name().unwrap_or_default();
    Ok(KernelRecord {
        name: name.to_string_lossy().into_owned(),
        release,
        layers: layers.keys[before..].to_vec(),
    })
}

/// Returns the newest kernel of an imported system that has modules; VMs boot it.
///
/// The system's own boot loader is never run.
pub(super) fn of_system(layers: &Layers<'_>) -> Option<KernelRecord> {
    let keys = layers.keys.clone();
    let files: Vec<_> = keys.iter().map(|key| layers.store.files(key)).collect();
    let stack = Stack::new(&files);
    let is_there = |path: PathBuf| {
        stack
            .find(&stack.resolve(&path))
            .is_some_and(|it| it.is_file())
    };
    let is_whole = |release: &String| {
        is_there(Path::new("/boot").join(format!("vmlinuz-{release}")))
            && is_there(Path::new("/lib/modules").join(release).join("modules.dep"))
    };
    let boot = stack.resolve(Path::new("/boot"));
    let mut releases: Vec<_> = files
        .iter()
        .flat_map(|layer| releases(&layer.join(&boot)))
        .collect();
    releases.retain(is_whole);
    releases.sort_by_key(|release| numbers_in(release));
    releases.pop().map(|release| KernelRecord {
        name: format!("vmlinuz-{release}"),
        release,
        layers: keys,
    })
}

fn of_package(
    layers: &mut Layers<'_>,
    recipe: &Recipe,
    package: &str,
) -> Result<KernelRecord, Failure> {
    let cannot = |cause: String| {
        Failure::new(format!(
            "cannot give image `{}` the kernel {package}: {cause}",
            recipe.name
        ))
    };
    let below: Vec<_> = layers
        .keys
        .iter()
        .map(|key| layers.store.files(key))
        .collect();
    let release = match &recipe.base {
        Base::Release(release) => release.clone(),
        _ => Release {
            keyring: recipe.keyring.clone(),
            ..system_release(&below).ok_or_else(|| {
                cannot("its base is not a Debian or Ubuntu system with known packages".to_owned())
                    .hint("set the files of a kernel: kernel = { vmlinuz = PATH, modules = DIRECTORY }")
            })?
        },
    };
    bootstrap::check_tool(&release)?;
    let step = format!("add the kernel {package} of {release}");
    let suite = release.suite.as_bytes();
    let parts: [&[u8]; 3] = [b"kernel", suite, package.as_bytes()];
    layers.add(&step, &parts, |store, aside| {
        let task = Task::Kernel {
            into: store.relative(&aside.join("files")),
            scratch: store.relative(&aside.join("scratch")),
            below: below.iter().map(|files| store.relative(files)).collect(),
            release: release.clone(),
            package: package.to_owned(),
        };
        inside::perform(store.root(), task, None).map(drop)
    })?;
    let Some(layer) = layers.keys.last().cloned() else {
        return Err(cannot("it has no layer".to_owned()));
    };
    let boot = Stack::new(&below).resolve(Path::new("/boot"));
    let release = releases(&layers.store.files(&layer).join(boot)).pop();
    Ok(KernelRecord {
        name: package.to_owned(),
        release: release.ok_or_else(|| cannot(format!("its layer {layer} has none")))?,
        layers: vec![layer],
    })
}

/// Returns the numbers in a release, for sorting.
fn numbers_in(release: &str) -> Vec<u64> {
    let numbers = release.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).collect()
}
