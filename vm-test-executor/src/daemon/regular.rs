//! Opens regular files at paths where something else may be: a FIFO would block, a device could
//! have side effects, a link could lead elsewhere. Anything else than a regular file is an error,
//! and never waited for.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::kind_of;

/// Opens a regular file. A new file is accessible only to its user.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    match options.custom_flags(flags).mode(0o600).open(path) {
        Ok(file) => match file.metadata()?.file_type() {
            kind if kind.is_file() => Ok(file),
            kind => Err(refusal(kind)),
        },
        Err(error) => match fs::symlink_metadata(path).map(|meta| meta.file_type()) {
            Ok(kind) if !kind.is_file() && !options_fail_for_existence(&error) => {
                Err(refusal(kind))
            }
            _ => Err(error),
        },
    }
}

/// Adds the hint for an error of [`open`] to a failure.
pub(super) fn because(failure: Failure, error: &io::Error, path: &Path) -> Failure {
    match error.raw_os_error() {
        Some(_) => failure.because(Tried::File, error),
        None => failure.hint(format!("remove {}", path.display())),
    }
}

/// Reads a regular file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = open(path, File::options().read(true))?;
    io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok(bytes)
}

/// Replaces the content of a regular file.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    let mut file = open(path, options.create(true).truncate(true).write(true))?;
    // The file may have been made with other permissions.
    file.set_permissions(Permissions::from_mode(0o600))?;
    io::Write::write_all(&mut file, bytes)
}

/// Makes a directory that nobody else may enter, or makes an existing one so: tests may print
/// secrets.
pub(super) fn make_private(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let meta = fs::metadata(directory)?;
    if meta.mode() & 0o077 != 0 && meta.uid() == rustix::process::getuid().as_raw() {
        fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Returns whether the error is only that the file exists.
fn options_fail_for_existence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AlreadyExists
}

fn refusal(kind: fs::FileType) -> io::Error {
    io::Error::other(format!("expected a regular file, found {}", kind_of(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn what_is_no_regular_file_is_named_and_nobody_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        mknodat(CWD, at("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        fs::create_dir(at("directory")).unwrap();
        fs::write(at("file"), "text").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        let _listener = UnixListener::bind(at("socket")).unwrap();
        for (name, kind) in [
            ("fifo", "a FIFO"),
            ("directory", "a directory"),
            ("link", "a symbolic link"),
            ("dangling", "a symbolic link"),
            ("socket", "a socket"),
        ] {
            let expected = format!("expected a regular file, found {kind}");
            let mut write = File::options();
            write.create(true).write(true);
            let mut append = File::options();
            append.create(true).append(true);
            let mut both = File::options();
            both.create(true).read(true).append(true);
            for options in [&mut write, &mut append, &mut both] {
                let error = open(&at(name), options).unwrap_err();
                assert_eq!(error.to_string(), expected, "{name}");
            }
            assert_eq!(read(&at(name)).unwrap_err().to_string(), expected, "{name}");
        }
        assert!(!at("nothing").exists());
        assert_eq!(read(&at("file")).unwrap(), b"text");
        let new = open(&at("new"), File::options().create(true).append(true)).unwrap();
        assert_eq!(new.metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_written_is_its_users_alone_whatever_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let logs = dir.path().join("logs");
        fs::create_dir(&logs).unwrap();
        fs::set_permissions(&logs, Permissions::from_mode(0o777)).unwrap();
        let log = logs.join("log");
        fs::write(&log, "older and longer").unwrap();
        fs::set_permissions(&log, Permissions::from_mode(0o666)).unwrap();
        make_private(&logs).unwrap();
        write(&log, b"new").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&logs), mode(&log)), (0o700, 0o600));
        assert_eq!(fs::read(&log).unwrap(), b"new");
    }
}
