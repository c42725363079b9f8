//! Copies files and directories of the host into a guest, as its root's own. Knows neither: the
//! caller says where a path of the guest is.

use rustix::fs::{AtFlags, CWD, Gid, Mode, Uid, chmod, chownat};
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// The bits that make a program run as its owner or its group.
const SET_ID: u32 = 0o6000;

/// Copies a file, a link or a directory with all that is in it to a path of the guest.
///
/// `place` returns where a path of the guest is here, with symbolic links followed as the guest
/// follows them. What is there already is replaced, but directories are kept as they are.
///
/// # Errors
/// If something cannot be read or written, or is no file, directory or link. The error has the path.
pub fn copy(from: &Path, to: &Path, place: &impl Fn(&Path) -> PathBuf) -> io::Result<()> {
    let of = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    let meta = fs::symlink_metadata(from).map_err(|error| of(to, error))?;
    if meta.is_dir() {
        directory(&meta, &place(to)).map_err(|error| of(to, error))?;
        let entries = fs::read_dir(from).map_err(|error| of(to, error))?;
        for entry in entries {
            let name = entry.map_err(|error| of(to, error))?.file_name();
            copy(&from.join(&name), &to.join(&name), place)?;
        }
        return Ok(());
    }
    let done = if meta.is_symlink() {
        link(from, to, place)
    } else {
        open(from).and_then(|source| copy_file(source, &place(to)))
    };
    done.map_err(|error| of(to, error))
}

/// Copies an open file to a path of this process; directories above are made.
///
/// # Errors
/// If it is no regular file, or it cannot be read or written.
pub fn copy_file(mut source: File, to: &Path) -> io::Result<()> {
    let meta = source.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other(
            "it is neither a file, a directory nor a link",
        ));
    }
    clear(to)?;
    let mut copy = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    io::copy(&mut source, &mut copy)?;
    drop(copy);
    own(to, &meta)
}

/// Makes a directory like this one, unless there is one.
fn directory(meta: &Metadata, to: &Path) -> io::Result<()> {
    if to.is_dir() {
        return Ok(());
    }
    clear(to)?;
    fs::create_dir(to)?;
    own(to, meta)
}

/// Makes a link with the same content: what it leads to is the guest's.
fn link(from: &Path, to: &Path, place: &impl Fn(&Path) -> PathBuf) -> io::Result<()> {
    let content = fs::read_link(from)?;
    // The link itself, not what one that is there leads to.
    let parent = to.parent().unwrap_or(Path::new("/"));
    let to = place(parent).join(to.file_name().unwrap_or_default());
    clear(&to)?;
    symlink(content, to)
}

/// Removes what is in the way, and makes the directories above.
fn clear(to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Gives a copy to root, with the permissions of the original.
fn own(to: &Path, meta: &Metadata) -> io::Result<()> {
    // In a user namespace it is root's already, which may be the only id there is.
    let _ = chownat(
        CWD,
        to,
        Some(Uid::ROOT),
        Some(Gid::ROOT),
        AtFlags::SYMLINK_NOFOLLOW,
    );
    // A program that runs as somebody else must not become one that runs as root.
    let kept = if meta.uid() == 0 && meta.gid() == 0 {
        0o7777
    } else {
        0o7777 & !SET_ID
    };
    Ok(chmod(to, Mode::from_raw_mode(meta.mode() & kept))?)
}

/// Opens a file. If it has been replaced by a pipe, this does not wait for a writer.
fn open(from: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    File::options().read(true).custom_flags(flags).open(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// The root of a guest, with links that lead out of it, and a directory to copy.
    fn bench() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let bench = tempfile::tempdir().unwrap();
        let [root, from] = ["root", "from"].map(|name| bench.path().join(name));
        fs::create_dir_all(root.join("etc")).unwrap();
        fs::create_dir_all(from.join("deep")).unwrap();
        fs::write(from.join("bytes"), b"\0\xff\r\n").unwrap();
        fs::write(from.join("deep/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(from.join("deep/run"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::set_permissions(from.join("deep"), fs::Permissions::from_mode(0o711)).unwrap();
        symlink("deep/run", from.join("link")).unwrap();
        (bench, root, from)
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn bytes_modes_and_links_are_as_they_were() {
        let (_bench, root, from) = bench();
        fs::create_dir(root.join("etc/app")).unwrap();
        fs::set_permissions(root.join("etc/app"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(root.join("etc/app/bytes"), "old").unwrap();
        let place = |path: &Path| root.join(path.strip_prefix("/").unwrap());
        copy(&from, Path::new("/etc/app"), &place).unwrap();
        let to = root.join("etc/app");
        assert_eq!(fs::read(to.join("bytes")).unwrap(), b"\0\xff\r\n");
        assert_eq!(mode(&to.join("deep/run")), 0o750);
        assert_eq!(mode(&to.join("deep")), 0o711);
        assert_eq!(mode(&to), 0o700, "a directory that was there");
        assert_eq!(
            fs::read_link(to.join("link")).unwrap(),
            Path::new("deep/run")
        );
        assert_eq!(
            fs::metadata(&to).unwrap().uid(),
            rustix::process::getuid().as_raw()
        );
    }

    #[test]
    fn a_link_in_the_guest_is_followed_where_the_caller_says_and_no_further() {
        let (bench, root, from) = bench();
        let outside = bench.path().join("outside");
        fs::write(&outside, "precious").unwrap();
        symlink(&outside, root.join("etc/bytes")).unwrap();
        // As a guest follows it: the target is below its root.
        let place = |path: &Path| {
            let is_link = path.ends_with("bytes");
            let led = if is_link { outside.as_path() } else { path };
            root.join(led.strip_prefix("/").unwrap())
        };
        copy(&from.join("bytes"), Path::new("/etc/bytes"), &place).unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"precious");
        assert_eq!(
            fs::read(place(Path::new("/etc/bytes"))).unwrap(),
            b"\0\xff\r\n"
        );
    }

    #[test]
    fn what_cannot_be_copied_is_named() {
        let (_bench, root, from) = bench();
        let place = |path: &Path| root.join(path.strip_prefix("/").unwrap());
        fs::create_dir(root.join("bytes")).unwrap();
        let error = copy(&from.join("bytes"), Path::new("/bytes"), &place).unwrap_err();
        assert_eq!(error.to_string(), "/bytes: Is a directory (os error 21)");
        let socket = from.join("deep/socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = copy(&from, Path::new("/x"), &place).unwrap_err();
        assert!(error.to_string().starts_with("/x/deep/socket: "), "{error}");
    }
}
