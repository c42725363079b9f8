//! Recipes: `images/NAME.toml`, the steps that make an image.
//!
//! Parses and checks them; builds nothing.

use super::base::{self, Base};
use super::entry::{FileEntry, RunEntry, check_package};
use super::kernel::{self, Kernel};
use super::users::{self, UserEntry};
use crate::config::{Init, document, split_kernel};
use crate::image::layer::release::Release;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// Built-in recipes.
///
/// `images` in this crate is a link to the workspace's directory, so that the crate's package also
/// contains them.
const READY: [(&str, &str); 5] = [
    (
        "alpine-3.22",
        include_str!("../../../images/alpine-3.22.toml"),
    ),
    ("debian-12", include_str!("../../../images/debian-12.toml")),
    (
        "debian-12-systemd",
        include_str!("../../../images/debian-12-systemd.toml"),
    ),
    ("debian-13", include_str!("../../../images/debian-13.toml")),
    (
        "ubuntu-24.04",
        include_str!("../../../images/ubuntu-24.04.toml"),
    ),
];

/// Returns the names of the built-in recipes.
pub(in crate::image) fn ready_names() -> impl Iterator<Item = &'static str> {
    READY.iter().map(|(name, _)| *name)
}

/// The package that loads modules in a guest.
///
/// Kernel packages depend on it, but here they are only unpacked.
const LOADER: &str = "kmod";

/// A parsed recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The image's name.
    pub name: String,
    /// Where recipes of images that it is based on are searched for.
    pub home: PathBuf,
    /// The base.
    pub base: Base,
    /// The file with the keys of those who sign the packages that are bootstrapped, or the usual one.
    pub keyring: Option<PathBuf>,
    /// What runs as init in its guests; by default the same as in the base.
    pub init: Option<Init>,
    /// The kernel; by default the base's.
    pub kernel: Option<Kernel>,
    /// Debian packages to install.
    pub packages: Vec<String>,
    /// Commands that create its users.
    pub users: Vec<RunEntry>,
    /// Files to copy, in this order.
    pub files: Vec<FileEntry>,
    /// Commands to run, in this order.
    pub run: Vec<RunEntry>,
}

impl Recipe {
    /// Returns the recipe of an image that is only this base.
    #[must_use]
    pub fn of_base(name: &str, base: Base) -> Self {
        Self {
            name: name.to_owned(),
            home: PathBuf::from("/"),
            base,
            keyring: None,
            init: None,
            kernel: None,
            packages: Vec::new(),
            users: Vec::new(),
            files: Vec::new(),
            run: Vec::new(),
        }
    }

    /// Returns the packages to bootstrap, with the module loader if the kernel has modules.
    pub(in crate::image) fn packages_with_loader(&self) -> Vec<String> {
        let mut packages = self.packages.clone();
        let has_modules = matches!(self.kernel, Some(Kernel::Package(_) | Kernel::Files { .. }));
        if has_modules && !packages.iter().any(|package| package == LOADER) {
            packages.push(LOADER.to_owned());
        }
        packages
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    base: String,
    #[serde(default)]
    without: Vec<PathBuf>,
    keyring: Option<PathBuf>,
    init: Option<Init>,
    kernel: Option<toml::Value>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    users: Vec<UserEntry>,
    #[serde(default)]
    files: Vec<FileEntry>,
    #[serde(default)]
    run: Vec<RunEntry>,
}

/// Returns the file with the recipe of an image: `images/NAME.toml` in `directory` or above it.
#[must_use]
pub fn file(name: &str, directory: &Path) -> Option<PathBuf> {
    directory
        .ancestors()
        .map(|dir| dir.join("images").join(format!("{name}.toml")))
        .find(|file| file.is_file())
}

/// Returns the recipe of an image.
///
/// This is `images/NAME.toml` in `directory` or above it, a built-in recipe, or another image's
/// recipe with the kernel of a package.
///
/// # Errors
/// If there is none, or it is not valid.
pub fn find(name: &str, directory: &Path) -> Result<Recipe, Failure> {
    if let Some(file) = file(name, directory) {
        let text = document::read(
            &file,
            "is it a recipe? Larger content belongs into files that it names",
        )?;
        let dir = file.parent().unwrap_or(Path::new("/"));
        let recipe = parse(name, &text, dir).map_err(|failure| {
            failure.reworded(|cause| format!("cannot use {}: {cause}", file.display()))
        })?;
        return Ok(Recipe {
            home: directory.to_path_buf(),
            ..recipe
        });
    }
    if let Some((image, package)) = split_kernel(name) {
        return Ok(Recipe {
            home: directory.to_path_buf(),
            kernel: Some(Kernel::Package(package.to_owned())),
            ..Recipe::of_base(name, Base::Image(image.to_owned()))
        });
    }
    match READY.iter().find(|(ready, _)| *ready == name) {
        Some((_, text)) => Ok(Recipe {
            home: directory.to_path_buf(),
            ..parse(name, text, Path::new("/"))?
        }),
        None => Err(Failure::new(format!(
            "cannot find a recipe for image `{name}`: there is no images/{name}.toml in {} or above",
            directory.display()
        ))
        .hint(match word::suggestion(name, ready_names()) {
            Some(suggestion) => format!("did you mean `{suggestion}`?"),
            None => format!(
                "recipes that come with vm-test: {}",
                READY.map(|(name, _)| name).join(", ")
            ),
        })),
    }
}

pub(super) fn parse(name: &str, text: &str, dir: &Path) -> Result<Recipe, Failure> {
    let document: Document = document::parse(text)?;
    for package in &document.packages {
        check_package(package)?;
    }
    for entry in &document.files {
        let plain = entry
            .to
            .components()
            .skip(1)
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !entry.to.is_absolute() || !plain {
            return Err(Failure::new(format!(
                "{} is not an absolute path without `..`",
                entry.to.display()
            )));
        }
    }
    let base = base::parse(&document.base, document.without, dir)?;
    let kernel = document.kernel.map(|value| kernel::parse(value, dir));
    let kernel = kernel.transpose()?;
    let keyring = document.keyring.map(|path| dir.join(path));
    if keyring.is_some()
        && !matches!(base, Base::Release(_))
        && !matches!(kernel, Some(Kernel::Package(_)))
    {
        return Err(Failure::new(format!(
            "`keyring` is for a base that is bootstrapped and for a kernel of a package, and the base is {:?}",
            document.base
        ))
        .hint("as in base = \"ubuntu:noble\""));
    }
    Ok(Recipe {
        name: name.to_owned(),
        home: dir.to_path_buf(),
        base: with_keys(base, keyring.as_ref()),
        keyring,
        init: document.init,
        kernel,
        packages: document.packages,
        users: document
            .users
            .iter()
            .map(users::step)
            .collect::<Result<_, _>>()?,
        files: document
            .files
            .into_iter()
            .map(|entry| FileEntry {
                from: dir.join(&entry.from),
                ..entry
            })
            .collect(),
        run: document.run,
    })
}

/// Returns a base whose packages are verified with these keys.
fn with_keys(base: Base, keyring: Option<&PathBuf>) -> Base {
    match base {
        Base::Release(release) => Base::Release(Release {
            keyring: keyring.cloned(),
            ..release
        }),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_says_step_by_step_what_is_in_an_image() {
        let text = "base = \"debian:bookworm\"\npackages = [\"nftables\"]\n\
            [[files]]\nfrom = \"a\"\nto = \"/etc/a\"\n[[run]]\ncommand = \"true\"\n";
        let recipe = parse("x", text, Path::new("/r")).unwrap();
        assert_eq!(
            recipe.base,
            base::parse("debian:bookworm", Vec::new(), Path::new("/")).unwrap()
        );
        assert_eq!(recipe.files[0].from, Path::new("/r/a"));
        assert!(!recipe.run[0].network);
    }

    #[test]
    fn an_image_with_the_kernel_of_a_package_needs_no_recipe_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let recipe = find("debian-12+linux-image-amd64", dir.path()).unwrap();
        assert_eq!(recipe.base, Base::Image("debian-12".to_owned()));
        let kernel = Kernel::Package("linux-image-amd64".to_owned());
        assert_eq!(recipe.kernel, Some(kernel));
    }

    #[test]
    fn mistakes_in_a_recipe_are_named() {
        for (text, words) in [
            (
                "base = \"debian:potato\"",
                "there is no Debian release \"potato\"",
            ),
            ("base = \"docker:x\"", "unknown kind of base \"docker\""),
            (
                "base = \"x\"\npackages = [\"a b\"]",
                "\"a b\" is not the name of a Debian package",
            ),
            (
                "base = \"x\"\n[[files]]\nfrom = \"a\"\nto = \"/../x\"",
                "/../x is not an absolute path",
            ),
            (
                "base = \"x\"\n[[users]]\nname = \"a b\"",
                "\"a b\" is not the name of a user",
            ),
            (
                "base = \"ubuntu:potato\"",
                "there is no Ubuntu release \"potato\"",
            ),
            (
                "base = \"tar:x\"\nkeyring = \"k\"",
                "`keyring` is for a base that is bootstrapped and for a kernel of a package, and the base is \"tar:x\"",
            ),
            ("bsae = \"x\"", "unknown field `bsae`"),
        ] {
            let error = parse("x", text, Path::new("/")).unwrap_err();
            assert!(error.text().contains(words), "{text} gave {error}");
        }
    }

    #[test]
    fn the_recipes_that_come_with_the_program_are_right() {
        for (name, text) in READY {
            parse(name, text, Path::new("/")).unwrap();
        }
    }
}
