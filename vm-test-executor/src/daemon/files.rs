//! The files of a daemon in its runtime directory: its socket, the lock that makes it the only one,
//! and its log. Removes only files that are still its own: the directory may have been removed and
//! now belong to another daemon.

use super::regular;
use rustix::fs::FlockOperation;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{RuntimeDir, holder, is_stopped, kind_of};

/// How long to wait for a daemon that holds the lock to listen or to end.
const OTHERS: Duration = Duration::from_secs(30);

/// How long such a daemon may be stopped (SIGSTOP) meanwhile.
const STOPPED: Duration = Duration::from_secs(5);

/// How often to check.
const LOOK: Duration = Duration::from_millis(5);

/// The files of one daemon, which holds their lock.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    pub(super) socket: PathBuf,
    lock: PathBuf,
    held: File,
    bound: Option<(u64, u64)>,
}

impl Files {
    /// Takes the files of the daemon with this identity, or `None` if another process is that
    /// daemon.
    ///
    /// Waits for a daemon that is ending.
    ///
    /// # Errors
    /// If they cannot be made, or if the process that holds them neither listens nor ends.
    pub(super) fn take(identity: &str) -> Result<Option<Self>, Failure> {
        let limit = Instant::now() + OTHERS;
        let mut moved = Instant::now();
        loop {
            let dir = RuntimeDir::open()?;
            let socket = dir.socket(identity);
            let lock = socket.with_extension("lock");
            match try_lock(&lock) {
                Ok(Some(held)) => {
                    return Ok(Some(Self {
                        dir: dir.path().to_path_buf(),
                        socket,
                        lock,
                        held,
                        bound: None,
                    }));
                }
                Ok(None) => {}
                // A daemon that just ended has removed the directory.
                Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < limit => {
                    continue;
                }
                Err(error) => {
                    let failure = Failure::new(format!("cannot lock {}: {error}", lock.display()));
                    return Err(regular::because(failure, &error, &lock));
                }
            }
            if UnixStream::connect(&socket).is_ok() {
                return Ok(None);
            }
            let pid = holder(&socket);
            if !pid.is_some_and(is_stopped) {
                moved = Instant::now();
            }
            if moved.elapsed() > STOPPED || Instant::now() > limit {
                return Err(held_by_another(&lock, pid));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Binds the socket.
    ///
    /// # Errors
    /// If something else is in its place, or nobody can listen there.
    pub(super) fn bind(&mut self) -> Result<UnixListener, Failure> {
        let at = self.socket.display();
        let cannot = |error: &io::Error| Failure::new(format!("cannot listen at {at}: {error}"));
        match fs::symlink_metadata(&self.socket).map(|meta| meta.file_type()) {
            // No other daemon listens there, since this one has the lock.
            Ok(kind) if kind.is_socket() => {
                fs::remove_file(&self.socket).map_err(|error| cannot(&error))?;
            }
            Ok(kind) => {
                let cause = io::Error::other(format!("expected a socket, found {}", kind_of(kind)));
                return Err(cannot(&cause).hint(format!("remove {at}")));
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(&self.socket)
            .map_err(|error| cannot(&error).because(Tried::File, &error))?;
        self.bound = identity(&self.socket);
        Ok(listener)
    }

    /// Returns whether clients find this daemon. If they do not, they start a new one.
    pub(super) fn are_in_place(&self) -> bool {
        self.is_lock_in_place() && self.is_socket_in_place()
    }

    fn is_socket_in_place(&self) -> bool {
        self.bound.is_some() && identity(&self.socket) == self.bound
    }

    /// Returns whether this daemon holds the lock that another daemon would take.
    pub(super) fn is_lock_in_place(&self) -> bool {
        let mine = self.held.metadata().map(|meta| (meta.dev(), meta.ino()));
        identity(&self.lock) == mine.ok()
    }

    /// Makes this daemon unreachable for new clients.
    ///
    /// While it listens, no other socket can have the same identity.
    pub(super) fn remove_socket(&self) {
        if self.is_socket_in_place() {
            let _ = fs::remove_file(&self.socket);
        }
    }

    /// Removes the other files, which releases the lock.
    pub(super) fn remove(&self) {
        self.remove_socket();
        if self.is_lock_in_place() {
            let _ = fs::remove_file(self.socket.with_extension("log"));
            let _ = fs::remove_file(&self.lock);
            // Succeeds only if it is empty.
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

/// Takes the lock and writes this process's id into it; returns `None` if another process has it.
fn try_lock(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut options = File::options();
        let mut file = regular::open(path, options.create(true).truncate(false).write(true))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        // A daemon that just ended has removed the file that was locked here.
        let mine = file.metadata().map(|meta| (meta.dev(), meta.ino()));
        if identity(path) == mine.ok() {
            file.set_len(0)?;
            file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
            return Ok(Some(file));
        }
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let meta = fs::symlink_metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

fn held_by_another(lock: &Path, pid: Option<u32>) -> Failure {
    let who = pid.map_or("another daemon".to_owned(), |pid| {
        let stopped = if is_stopped(pid) {
            ", which is stopped,"
        } else {
            ""
        };
        format!("the daemon with process id {pid}{stopped}")
    });
    let failure = Failure::new(format!(
        "cannot start: {who} holds {} but is not listening",
        lock.display()
    ));
    match pid {
        Some(pid) => failure.hint(format!("`kill -KILL {pid}` ends it and its instances")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the files of a daemon in this directory.
    fn files(dir: &Path) -> Files {
        fs::create_dir_all(dir).unwrap();
        let lock = dir.join("it.lock");
        let held = try_lock(&lock).unwrap().expect("nobody has the lock");
        Files {
            dir: dir.to_path_buf(),
            socket: dir.join("it.sock"),
            lock,
            held,
            bound: None,
        }
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_daemon_removes_its_own_files_and_never_those_of_the_one_that_came_after_it() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("run");
        let mut first = files(&dir);
        let _listener = first.bind().unwrap();
        assert!(first.are_in_place());
        assert!(try_lock(&first.lock).unwrap().is_none());
        fs::remove_dir_all(&dir).unwrap();
        assert!(!first.are_in_place());
        let mut second = files(&dir);
        let _other = second.bind().unwrap();
        fs::write(dir.join("it.log"), "").unwrap();
        first.remove();
        assert_eq!(names(&dir), ["it.lock", "it.log", "it.sock"]);
        assert!(second.are_in_place());
        second.remove();
        assert!(!dir.exists());
    }

    #[test]
    fn what_is_in_the_place_of_a_socket_is_named_and_stays() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("run");
        let mut files = files(&dir);
        fs::write(&files.socket, "precious").unwrap();
        let failure = files.bind().unwrap_err();
        let at = files.socket.display();
        let words = format!("cannot listen at {at}: expected a socket, found a regular file");
        assert_eq!(failure.message, words);
        assert_eq!(failure.hint.unwrap(), format!("remove {at}"));
        assert_eq!(fs::read(&files.socket).unwrap(), b"precious");
    }
}
