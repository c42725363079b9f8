//! The base of an image in a recipe.
//!
//! Parses it; opens nothing.

use super::reference::{EXAMPLE, Reference};
use crate::config::HOST_IMAGE;
use crate::image::layer::release::{Distribution, Release};
use std::path::{Component, Path, PathBuf};
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

/// The base of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A release that is bootstrapped.
    Release(Release),
    /// A tar archive of a root file system.
    Tar(PathBuf),
    /// A directory with a root file system.
    Directory(PathBuf),
    /// An OCI layout, and the SHA-256 of the image to take if it is given.
    Layout(PathBuf, Option<String>),
    /// An image in a registry.
    Registry(Reference),
    /// A disk with a root file system.
    Disk(PathBuf, DiskFormat),
    /// A Vagrant box for the libvirt provider.
    Vagrant(PathBuf),
    /// This host's own system without these paths.
    Host(Vec<PathBuf>),
    /// Another image.
    Image(String),
}

/// Parses a base; relative paths start at `dir`.
pub(super) fn parse(text: &str, without: Vec<PathBuf>, dir: &Path) -> Result<Base, Failure> {
    if text == HOST_IMAGE {
        check(&without)?;
        return Ok(Base::Host(plain(&without)));
    }
    if !without.is_empty() {
        return Err(Failure::new(format!(
            "`without` is for base = \"{HOST_IMAGE}\", and the base is {text:?}"
        ))
        .hint("for other bases, remove files in a [[run]] step"));
    }
    if let Some((kind, suite)) = text.split_once(':')
        && let Some(distribution) = Distribution::of_word(kind)
    {
        return Ok(Base::Release(distribution.release(suite)?));
    }
    match text.split_once(':') {
        Some(("tar", path)) => Ok(Base::Tar(dir.join(path))),
        Some(("dir", path)) => Ok(Base::Directory(dir.join(path))),
        Some(("oci", rest)) if rest.starts_with("//") => Reference::parse(&rest[2..])
            .map(Base::Registry)
            .map_err(|cause| {
                Failure::new(format!("cannot use base {text:?}: {cause}")).hint(EXAMPLE)
            }),
        Some(("oci", path)) => match path.rsplit_once("@sha256:") {
            Some((path, hash)) => Ok(Base::Layout(dir.join(path), Some(hash.to_owned()))),
            None => Ok(Base::Layout(dir.join(path), None)),
        },
        Some((kind, _)) => Err(Failure::new(format!("unknown kind of base {kind:?}")).hint(
            "a base is debian:RELEASE, ubuntu:RELEASE, tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, host, or the name of an image",
        )),
        None => Ok(Base::Image(text.to_owned())),
    }
}

/// Normalises a list of paths, so that equal lists give one image.
///
/// The result is sorted, without duplicates or paths inside others.
fn plain(without: &[PathBuf]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = without
        .iter()
        .map(|path| path.components().collect())
        .collect();
    paths.sort();
    paths.dedup_by(|path, above| path.starts_with(above));
    paths
}

/// Checks the paths: they are compared by component, so `..` would leave out nothing.
fn check(without: &[PathBuf]) -> Result<(), Failure> {
    let is_plain = |path: &Path| {
        let mut parts = path.components();
        parts.next() == Some(Component::RootDir)
            && path.components().count() > 1
            && parts.all(|part| matches!(part, Component::Normal(_)))
    };
    match without.iter().find(|path| !is_plain(path)) {
        None => Ok(()),
        Some(path) => Err(Failure::new(format!(
            "{} in `without` is not an absolute path without `..`",
            path.display()
        ))
        .hint("as in without = [\"/opt/large\"]")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_hosts_system_is_a_base_with_what_is_left_out_of_it() {
        let base = parse("host", vec!["/opt/a".into()], Path::new("/r"));
        assert_eq!(base.unwrap(), Base::Host(vec!["/opt/a".into()]));
    }

    #[test]
    fn a_path_in_another_spelling_leaves_out_the_same() {
        let of = |paths: &[&str]| {
            let without = paths.iter().map(PathBuf::from).collect();
            match parse("host", without, Path::new("/r")).unwrap() {
                Base::Host(without) => without
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect(),
                _ => Vec::new(),
            }
        };
        assert_eq!(of(&["/srv", "/opt"]), ["/opt", "/srv"]);
        assert_eq!(
            of(&["/opt/", "//srv", "/opt/./x", "/opt"]),
            ["/opt", "/srv"]
        );
        assert_eq!(of(&["/opt/a", "/opt-b", "/opt"]), ["/opt", "/opt-b"]);
    }

    #[test]
    fn only_plain_paths_are_left_out_and_only_of_this_host() {
        for (text, path, words) in [
            ("host", "opt", "opt in `without` is not an absolute path"),
            (
                "host",
                "/opt/../etc",
                "is not an absolute path without `..`",
            ),
            ("host", "/", "/ in `without` is not an absolute path"),
            (
                "debian:bookworm",
                "/opt",
                "`without` is for base = \"host\"",
            ),
        ] {
            let error = parse(text, vec![path.into()], Path::new("/r")).unwrap_err();
            assert!(error.message.contains(words), "{path}: {error}");
        }
    }
}
