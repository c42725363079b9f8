//! Small files of a foreign directory.
//!
//! They are opened only below it, through no symbolic link, and read up to a limit.

use crate::image::archive::refusal::{cannot, shown};
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// A longer document is refused.
const LONGEST: u64 = 4 << 20;

/// Opens a regular file by its path below a directory; `name` is used in messages.
pub(super) fn open_below(directory: &Path, path: &str, name: &str) -> Result<File, Failure> {
    let opened = || -> io::Result<File> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let below = open(directory, flags, Mode::empty())?;
        let file = openat2(
            below,
            path,
            // Non-blocking, so that a FIFO cannot block the caller.
            OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
        )?;
        Ok(file.into())
    };
    let file = opened().map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => cannot(
            name,
            format!("its {path} is a symbolic link, or lies behind one"),
        )
        .hint("replace the link by the file itself"),
        Some(libc::EXDEV) => cannot(
            name,
            format!("its {} leads out of it", shown(path.as_bytes())),
        )
        .hint("check that it is complete and of this kind"),
        Some(libc::ENOENT) => cannot(name, format!("it has no {path}"))
            .hint("check that it is complete and of this kind"),
        _ => cannot(name, format!("{path}: {error}")),
    })?;
    match file.metadata() {
        Ok(meta) if meta.is_file() => Ok(file),
        Ok(_) => Err(cannot(name, format!("its {path} is not a regular file"))),
        Err(error) => Err(cannot(name, format!("{path}: {error}"))),
    }
}

/// Returns the content of such a file, if it is short enough.
pub(super) fn content(file: File, path: &str, name: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    file.take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot(name, format!("{path}: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(cannot(
            name,
            format!("its {path} is longer than {LONGEST} bytes"),
        ));
    }
    Ok(bytes)
}

/// Parses the JSON document in such a file.
pub(super) fn parse<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    path: &str,
    name: &str,
) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| cannot(name, format!("its {path} cannot be parsed: {error}")))
}
