//! The layers below a layer, seen as one tree and queried one path at a time.
//!
//! Follows no links.

use super::attributes::key_of;
use super::writer::Piece;
use crate::image::layer::flatten::{self, is_opaque};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use tar::EntryType;

/// The layers below, lowest first.
#[derive(Debug)]
pub(super) struct Below {
    layers: Option<Vec<PathBuf>>,
}

/// What is at a path.
#[derive(Debug)]
pub(super) enum Found {
    /// Not known, because the layers below are not in the store yet.
    Unknown,
    Nothing,
    Directory(PathBuf),
    /// The path of the link itself.
    Symlink(PathBuf),
    Other(PathBuf),
}

impl Below {
    /// Creates the view of these layers; `None` if they are not known yet.
    pub(super) fn new(layers: Option<Vec<PathBuf>>) -> Self {
        Self { layers }
    }

    /// Looks up this plain path.
    pub(super) fn find(&self, plain: &[u8]) -> io::Result<Found> {
        let Some(layers) = &self.layers else {
            return Ok(Found::Unknown);
        };
        let mut places: Vec<PathBuf> = layers.iter().rev().cloned().collect();
        let mut parts: Vec<_> = plain.split(|&byte| byte == b'/').collect();
        parts.retain(|part| !part.is_empty());
        for (number, part) in parts.iter().enumerate() {
            let is_last = number + 1 == parts.len();
            let mut merged = Vec::new();
            for place in places {
                let path = place.join(OsStr::from_bytes(part));
                let meta = match fs::symlink_metadata(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    meta => meta?,
                };
                if meta.is_dir() {
                    let hides = is_opaque(&path);
                    merged.push(path);
                    if hides {
                        break;
                    }
                    continue;
                }
                if merged.is_empty() && is_last && !is_removal(&meta) {
                    return Ok(if meta.is_symlink() {
                        Found::Symlink(path)
                    } else {
                        Found::Other(path)
                    });
                }
                // A file hides whatever the layers below have here, and has no children.
                break;
            }
            places = merged;
        }
        let top = places.into_iter().next();
        Ok(top.map_or(Found::Nothing, Found::Directory))
    }
}

fn is_removal(meta: &Metadata) -> bool {
    meta.file_type().is_char_device() && meta.rdev() == 0
}

/// Returns the entry that copies a file's metadata into another layer, without the content.
pub(super) fn copy_of(plain: &[u8], path: &Path) -> io::Result<Piece> {
    let meta = fs::symlink_metadata(path)?;
    let attributes = flatten::attributes(path)?.into_iter();
    let kind = meta.file_type();
    let mut target = Vec::new();
    let kind = if kind.is_dir() {
        EntryType::Directory
    } else if kind.is_symlink() {
        target = fs::read_link(path)?.into_os_string().into_encoded_bytes();
        EntryType::Symlink
    } else if kind.is_file() {
        EntryType::Regular
    } else {
        EntryType::Fifo
    };
    Ok(Piece {
        name: plain.to_vec(),
        kind,
        target,
        user: meta.uid().into(),
        group: meta.gid().into(),
        mode: meta.mode() & 0o7777,
        time: (meta.mtime(), u32::try_from(meta.mtime_nsec()).unwrap_or(0)),
        size: if meta.is_file() { meta.len() } else { 0 },
        attributes: attributes
            .map(|(name, value)| (key_of(&name), value))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, XattrFlags, lsetxattr, mknodat};
    use std::os::unix::fs::symlink;

    #[test]
    fn the_layers_below_are_seen_as_an_overlay_shows_them() {
        let dir = tempfile::tempdir().unwrap();
        let layers = ["0", "1"].map(|name| dir.path().join(name));
        for path in [
            "0/etc/apt",
            "0/gone/x",
            "0/swept/x",
            "0/file-above/x",
            "1/etc",
            "1/swept",
            "0/usr/bin",
        ] {
            fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        symlink("usr/bin", layers[0].join("bin")).unwrap();
        fs::write(layers[1].join("file-above"), "").unwrap();
        lsetxattr(
            layers[1].join("swept"),
            "user.overlay.opaque",
            b"y",
            XattrFlags::empty(),
        )
        .unwrap();
        let device = (FileType::CharacterDevice, Mode::empty(), 0);
        mknodat(CWD, layers[1].join("gone"), device.0, device.1, device.2).unwrap();
        let below = Below::new(Some(layers.to_vec()));
        for (path, expected) in [
            ("etc", Some("1/etc")),
            ("etc/apt", Some("0/etc/apt")),
            ("", Some("1")),
            ("gone", None),
            ("gone/x", None),
            ("swept/x", None),
            ("file-above/x", None),
            ("bin/x", None),
            ("nothing", None),
        ] {
            let found = match below.find(path.as_bytes()).unwrap() {
                Found::Directory(found) => Some(found),
                Found::Nothing => None,
                other => panic!("{path}: {other:?}"),
            };
            assert_eq!(found, expected.map(|path| dir.path().join(path)), "{path}");
        }
        assert!(matches!(below.find(b"bin").unwrap(), Found::Symlink(_)));
        assert!(matches!(
            below.find(b"file-above").unwrap(),
            Found::Other(_)
        ));
        assert!(matches!(
            Below::new(None).find(b"etc").unwrap(),
            Found::Unknown
        ));
    }
}
