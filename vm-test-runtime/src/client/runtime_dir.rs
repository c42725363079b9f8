//! The directory of a user's sockets and locks. It is the user's own, and nobody else may enter it.

use crate::variables::{self, RUNTIME_DIR};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// A socket's path has at most 107 bytes; this leaves enough for the names in the directory.
const LONGEST: usize = 50;

/// The directory, made and checked.
#[derive(Clone, Debug)]
pub struct RuntimeDir {
    path: PathBuf,
}

impl RuntimeDir {
    /// Returns `VM_TEST_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/vm-test`, else `/tmp/vm-test-UID`;
    /// makes it if it does not exist.
    ///
    /// # Errors
    /// If it cannot be made, belongs to another user, or is writable by others.
    pub fn open() -> Result<Self, Failure> {
        let user = whose()?;
        Self::check(choose(user)?, user, true)
    }

    /// Returns the same directory, if it exists.
    ///
    /// # Errors
    /// If it belongs to another user or is writable by others.
    pub fn find() -> Result<Option<Self>, Failure> {
        let user = whose()?;
        let path = choose(user)?;
        let is_missing = || {
            fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        };
        if is_missing() {
            return Ok(None);
        }
        match Self::check(path.clone(), user, false) {
            // A daemon that ends removes the directory.
            Err(_) if is_missing() => Ok(None),
            found => found.map(Some),
        }
    }

    fn check(path: PathBuf, user: u32, make: bool) -> Result<Self, Failure> {
        let cannot = |cause: String| {
            Failure::new(format!(
                "cannot use the runtime directory {}: {cause}",
                path.display()
            ))
            .hint(match variables::get(RUNTIME_DIR) {
                Some(_) => format!("set {RUNTIME_DIR} to another directory"),
                None => format!("remove it, or set {RUNTIME_DIR} to another directory"),
            })
        };
        if path.as_os_str().len() > LONGEST {
            return Err(cannot(format!(
                "its path has {} bytes, and sockets take at most {LONGEST}",
                path.as_os_str().len()
            )));
        }
        if make
            && let Err(error) = DirBuilder::new().mode(0o700).create(&path)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(cannot(error.to_string()));
        }
        let meta = fs::symlink_metadata(&path).map_err(|error| cannot(error.to_string()))?;
        if !meta.is_dir() {
            return Err(cannot("it is not a directory".to_owned()));
        }
        if meta.uid() != user {
            return Err(cannot(format!("it belongs to user {}", meta.uid())));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(cannot("other users may write to it".to_owned()));
        }
        if meta.mode() & 0o700 != 0o700 {
            // The umask of whoever made it has removed permissions that its owner needs.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))
                .map_err(|error| cannot(error.to_string()))?;
        }
        Ok(Self { path })
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the socket of this program's daemon.
    #[must_use]
    pub fn socket(&self, identity: &str) -> PathBuf {
        self.path.join(format!("{identity}.sock"))
    }

    /// Returns the sockets of all daemons, of this and of other versions of the program.
    #[must_use]
    pub fn sockets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        let mut sockets: Vec<_> = entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "sock"))
            .collect();
        sockets.sort();
        sockets
    }
}

/// Returns the kind of a file, with its article.
#[must_use]
pub fn kind_of(kind: fs::FileType) -> &'static str {
    match kind {
        _ if kind.is_file() => "a regular file",
        _ if kind.is_dir() => "a directory",
        _ if kind.is_symlink() => "a symbolic link",
        _ if kind.is_fifo() => "a FIFO",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

fn choose(user: u32) -> Result<PathBuf, Failure> {
    if let Some(path) = variables::directory(RUNTIME_DIR)? {
        return Ok(path);
    }
    if let Some(base) = variables::get("XDG_RUNTIME_DIR") {
        let path = Path::new(&base).join("vm-test");
        // After `su` the variable may still name the other user's directory.
        let own = fs::metadata(&base).is_ok_and(|meta| meta.is_dir() && meta.uid() == user);
        if own && path.is_absolute() && path.as_os_str().len() <= LONGEST {
            return Ok(path);
        }
    }
    Ok(PathBuf::from(format!("/tmp/vm-test-{user}")))
}

fn whose() -> Result<u32, Failure> {
    let meta = fs::metadata("/proc/self").map_err(|error| {
        Failure::new(format!("cannot find out whose process this is: {error}"))
            .hint("mount proc at /proc")
    })?;
    Ok(meta.uid())
}
