//! A user's specification of an image source.
//!
//! Parses it; the format of a file comes from its name, never from its content.

use crate::image::layer::digest::Digest;
use crate::image::recipe::{Base, EXAMPLE, Reference};
use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

/// File name extensions and their formats.
const ENDINGS: [(&str, Word); 13] = [
    (".tar", Word::Tar),
    (".tar.gz", Word::Tar),
    (".tgz", Word::Tar),
    (".tar.xz", Word::Tar),
    (".txz", Word::Tar),
    (".tar.zst", Word::Tar),
    (".tar.zstd", Word::Tar),
    (".tzst", Word::Tar),
    (".qcow2", Word::Disk(DiskFormat::Qcow2)),
    (".qcow", Word::Disk(DiskFormat::Qcow2)),
    (".raw", Word::Disk(DiskFormat::Raw)),
    (".img", Word::Disk(DiskFormat::Raw)),
    (".box", Word::Vagrant),
];

/// The forms of an explicit source.
const NAMED: &str =
    "tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, qcow2:PATH, raw:PATH or box:PATH";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Tar,
    Directory,
    Layout,
    Disk(DiskFormat),
    Vagrant,
}

/// The source of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(Base);

impl Source {
    /// Parses a source; a relative path starts at `here`.
    ///
    /// # Errors
    /// If the format is not clear.
    pub fn parse(text: &str, here: &Path) -> Result<Self, Failure> {
        let cannot = |cause: &str| Failure::new(format!("cannot import {text}: {cause}"));
        if let Some((word, rest)) = text.split_once(':').filter(|(word, _)| !word.contains('/')) {
            let word = match word {
                "tar" => Word::Tar,
                "dir" => Word::Directory,
                "oci" => Word::Layout,
                "qcow2" => Word::Disk(DiskFormat::Qcow2),
                "raw" => Word::Disk(DiskFormat::Raw),
                "box" => Word::Vagrant,
                other => {
                    let cause = format!("unknown kind of source {other:?}");
                    return Err(cannot(&cause).hint(format!(
                        "a source is {NAMED}; write a file whose own name has a colon as ./NAME"
                    )));
                }
            };
            if let (Word::Layout, Some(name)) = (word, rest.strip_prefix("//")) {
                let reference = Reference::parse(name);
                let reference = reference.map_err(|cause| cannot(&cause).hint(EXAMPLE))?;
                return Ok(Self(Base::Registry(reference)));
            }
            return Self::of(word, rest, here).map_err(|cause| {
                cannot(&cause).hint("as in oci:PATH@sha256:HEX, with 64 digits in lower case")
            });
        }
        let path = here.join(text);
        let word = if path.is_dir() {
            // The marker file decides; a root file system has none.
            if path.join("oci-layout").exists() {
                Word::Layout
            } else {
                Word::Directory
            }
        } else {
            let found = ENDINGS.iter().find(|(ending, _)| text.ends_with(ending));
            found.map(|(_, word)| *word).ok_or_else(|| {
                let cause = if path.exists() {
                    "its name does not say what it is, and content is not guessed from"
                } else {
                    "there is no such file or directory"
                };
                cannot(cause).hint(format!("say what it is: {NAMED}"))
            })?
        };
        Ok(Self(word.base(path, None)))
    }

    fn of(word: Word, rest: &str, here: &Path) -> Result<Self, String> {
        let (path, pinned) = match (word, rest.rsplit_once("@sha256:")) {
            (Word::Layout, Some((path, hash))) if hash.parse::<Digest>().is_ok() => {
                (path, Some(hash.to_owned()))
            }
            (Word::Layout, Some((_, hash))) => return Err(format!("`{hash}` is not a digest")),
            _ => (rest, None),
        };
        Ok(Self(word.base(here.join(path), pinned)))
    }

    /// Returns the base of an image that is made from it.
    #[must_use]
    pub fn base(self) -> Base {
        self.0
    }
}

impl Word {
    /// Returns the base of this kind at a path.
    fn base(self, path: PathBuf, pinned: Option<String>) -> Base {
        match self {
            Self::Tar => Base::Tar(path),
            Self::Directory => Base::Directory(path),
            Self::Layout => Base::Layout(path, pinned),
            Self::Disk(format) => Base::Disk(path, format),
            Self::Vagrant => Base::Vagrant(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_what_a_source_is() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("oci/blobs")).unwrap();
        std::fs::write(dir.path().join("oci/oci-layout"), "").unwrap();
        let base = |text: &str| Source::parse(text, dir.path()).map(Source::base);
        let path = |name: &str| dir.path().join(name);
        assert_eq!(base("x.tar.gz").unwrap(), Base::Tar(path("x.tar.gz")));
        assert_eq!(base("./a:b.tar").unwrap(), Base::Tar(path("./a:b.tar")));
        assert_eq!(base("oci").unwrap(), Base::Layout(path("oci"), None));
        assert_eq!(
            base("oci/blobs").unwrap(),
            Base::Directory(path("oci/blobs"))
        );
        let raw = Base::Disk(path("x.qcow2"), DiskFormat::Raw);
        assert_eq!(base("raw:x.qcow2").unwrap(), raw);
        assert!(matches!(
            base("oci://localhost/a").unwrap(),
            Base::Registry(_)
        ));
        for bad in [
            "x.iso",
            "json:{\"driver\":\"file\"}",
            "nbd:localhost:1",
            "oci:x@sha256:ab",
            "oci://nginx",
        ] {
            assert!(base(bad).unwrap_err().hint.is_some(), "{bad}");
        }
    }
}
