//! A user's specification of an image source.
//!
//! Parses it; the format of a file comes from its name, never from its content.

use crate::image::layer::digest::Digest;
use crate::image::recipe::Base;
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
const NAMED: &str = "tar:PATH, dir:PATH, oci:PATH, qcow2:PATH, raw:PATH or box:PATH";

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
pub struct Source {
    word: Word,
    path: PathBuf,
    pinned: Option<String>,
}

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
        Ok(Self {
            word,
            path,
            pinned: None,
        })
    }

    fn of(word: Word, rest: &str, here: &Path) -> Result<Self, String> {
        let (path, pinned) = match (word, rest.rsplit_once("@sha256:")) {
            (Word::Layout, Some((path, hash))) if hash.parse::<Digest>().is_ok() => {
                (path, Some(hash.to_owned()))
            }
            (Word::Layout, Some((_, hash))) => return Err(format!("`{hash}` is not a digest")),
            _ => (rest, None),
        };
        Ok(Self {
            word,
            path: here.join(path),
            pinned,
        })
    }

    /// Returns the base of an image that is made from it.
    #[must_use]
    pub fn base(self) -> Base {
        match self.word {
            Word::Tar => Base::Tar(self.path),
            Word::Directory => Base::Directory(self.path),
            Word::Layout => Base::Layout(self.path, self.pinned),
            Word::Disk(format) => Base::Disk(self.path, format),
            Word::Vagrant => Base::Vagrant(self.path),
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
        let word = |text: &str| Source::parse(text, dir.path()).map(|source| source.word);
        assert_eq!(word("x.tar.gz").unwrap(), Word::Tar);
        assert_eq!(word("./a:b.tar").unwrap(), Word::Tar);
        assert_eq!(word("oci").unwrap(), Word::Layout);
        assert_eq!(word("oci/blobs").unwrap(), Word::Directory);
        assert_eq!(word("raw:x.qcow2").unwrap(), Word::Disk(DiskFormat::Raw));
        for bad in [
            "x.iso",
            "json:{\"driver\":\"file\"}",
            "nbd:localhost:1",
            "oci:x@sha256:ab",
        ] {
            assert!(word(bad).unwrap_err().hint.is_some(), "{bad}");
        }
    }
}
