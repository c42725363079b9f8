//! What a guest gets of the host besides the workspace: copies of files and directories, and
//! directories to read. Looks at it; neither copies nor mounts it.

use super::super::instance::cannot;
use super::shared::shared;
use crate::config::{Guest, Placed};
use crate::host::hidden::hidden;
use crate::host::mountinfo::{Mount, mounts};
use crate::rootfs::{By, Plan};
use rustix::fs::{Access, access};
use sha2::{Digest as _, Sha256};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// More files, directories and links than these are not copied into a guest.
const MOST_FILES: u32 = 20_000;

/// The part of its memory that copies may take: one of so many.
const PART_OF_MEMORY: u64 = 2;

/// What a guest gets.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// What is copied.
    pub(super) files: Vec<Input>,
    /// Directories to read.
    pub(super) mounts: Vec<Input>,
}

/// A file or directory of the host, with its path in the guest.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
    is_directory: bool,
    /// What was there when it was looked at.
    state: Vec<u8>,
}

/// What is known about files to copy.
#[derive(Default)]
struct Survey {
    hash: Sha256,
    entries: u32,
    bytes: u64,
}

impl Inputs {
    /// Looks at what this guest gets.
    ///
    /// # Errors
    /// If something is not there, cannot be read, is hidden from guests, or is too much.
    pub(super) fn of(guest: &Guest, request: &LeaseRequest) -> Result<Self, Failure> {
        if !guest.has_inputs() {
            return Ok(Self::default());
        }
        let hidden = hidden(
            &request.credentials,
            &guest.expose,
            &shared(&request.shares),
        );
        let mut survey = Survey::default();
        let inputs = Self {
            files: found(guest, "files", &guest.files, &hidden)?,
            mounts: found(guest, "mounts", &guest.mounts, &hidden)?,
        };
        if let Some(file) = inputs.mounts.iter().find(|input| !input.is_directory) {
            let cause = format!(
                "its mounts name {}, which is no directory",
                file.from.display()
            );
            return Err(cannot(guest, &cause).hint("bring a single file as one of its `files`"));
        }
        let mut files = Vec::new();
        for mut input in inputs.files {
            survey.look(guest, &input.from)?;
            input.state = survey.hash.clone().finalize().to_vec();
            files.push(input);
        }
        let most = guest.memory / PART_OF_MEMORY;
        if survey.bytes > most {
            let cause = format!(
                "its files have {} MiB, and copies may have half of its memory, {} MiB",
                survey.bytes.div_ceil(1 << 20),
                most >> 20
            );
            return Err(cannot(guest, &cause)
                .hint("give it more memory, or bring directories as its `mounts`"));
        }
        Ok(Self { files, ..inputs })
    }

    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.mounts.is_empty()
    }

    /// Adds them to the plan of a container's files.
    ///
    /// # Errors
    /// If a directory to read has other mounts below it, and an ordinary user cannot have these.
    pub(super) fn add_to(
        &self,
        plan: &mut Plan,
        guest: &Guest,
        as_root: bool,
    ) -> Result<(), Failure> {
        let by = By::user(as_root);
        let known = match &*self.mounts {
            [] => Vec::new(),
            _ => mounts(),
        };
        for input in &self.mounts {
            let is_below = |mount: &&Mount| {
                mount.target != input.from && mount.target.starts_with(&input.from)
            };
            if let Some(mount) = known.iter().find(is_below).filter(|_| !as_root) {
                let cause = format!(
                    "its mounts name {}, and {} is mounted below that, which an ordinary user's container cannot have",
                    input.from.display(),
                    mount.target.display()
                );
                return Err(cannot(guest, &cause)
                    .hint("name directories below it one by one, or run the tests as root"));
            }
            plan.add_read_only(input.to.clone(), input.from.clone(), by);
        }
        for input in &self.files {
            let Input {
                from,
                to,
                is_directory,
                state,
            } = input;
            plan.add_copy(to.clone(), from.clone(), by, *is_directory, state.clone());
        }
        Ok(())
    }
}

/// Finds what is named in a setting.
fn found(
    guest: &Guest,
    key: &str,
    list: &[Placed],
    hidden: &[PathBuf],
) -> Result<Vec<Input>, Failure> {
    let find = |placed: &Placed| {
        let shown = placed.from.display();
        let from = placed.from.canonicalize().map_err(|error| {
            let cause = format!("its {key} name {shown}: {error}");
            let failure = cannot(guest, &cause).because(Tried::File, &error);
            match error.kind() {
                io::ErrorKind::NotFound => failure.hint(
                    "a relative path starts at the directory of vm-test.toml, or, without one, of the package",
                ),
                _ => failure,
            }
        })?;
        let secret = |path: &&PathBuf| path.starts_with(&from) || from.starts_with(path);
        if let Some(path) = hidden.iter().find(secret) {
            let path = path.display();
            let cause = format!("its {key} name {shown}, and {path} is hidden from guests");
            return Err(cannot(guest, &cause).hint(format!(
                "name {path} in `expose`, too, if the guest may see it"
            )));
        }
        Ok(Input {
            is_directory: from.is_dir(),
            from,
            to: placed.to.clone(),
            state: Vec::new(),
        })
    };
    list.iter().map(find).collect()
}

impl Survey {
    /// Looks at a file, a link, or a directory and all that is in it.
    fn look(&mut self, guest: &Guest, root: &Path) -> Result<(), Failure> {
        let failed = |path: &Path, error: &io::Error| {
            let cause = format!("its files name {}: {error}", path.display());
            cannot(guest, &cause).because(Tried::File, error)
        };
        let mut rest = vec![root.to_path_buf()];
        while let Some(path) = rest.pop() {
            let meta = fs::symlink_metadata(&path).map_err(|error| failed(&path, &error))?;
            self.add(&path, &meta);
            if self.entries > MOST_FILES {
                let cause = format!("its files are more than {MOST_FILES}");
                return Err(cannot(guest, &cause).hint("bring directories as its `mounts`"));
            }
            if meta.is_dir() {
                let entries = fs::read_dir(&path).and_then(|entries| {
                    let paths = entries.map(|entry| Ok(entry?.path()));
                    paths.collect::<io::Result<Vec<_>>>()
                });
                let mut entries = entries.map_err(|error| failed(&path, &error))?;
                entries.sort();
                rest.extend(entries);
            } else if meta.is_file() {
                access(&path, Access::READ_OK).map_err(|error| failed(&path, &error.into()))?;
            } else if !meta.is_symlink() {
                let cause = format!(
                    "its files name {}, which is neither a file, a directory nor a link",
                    path.display()
                );
                return Err(cannot(guest, &cause).hint("name what is beside it"));
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, meta: &Metadata) {
        self.entries += 1;
        self.hash.update(path.as_os_str().as_encoded_bytes());
        let mut numbers = vec![meta.dev(), meta.ino(), u64::from(meta.mode())];
        numbers.extend([u64::from(meta.uid()), u64::from(meta.gid())]);
        if !meta.is_dir() {
            self.bytes += meta.size();
            // Programs cannot set the time of a change.
            let times = [
                meta.mtime(),
                meta.mtime_nsec(),
                meta.ctime(),
                meta.ctime_nsec(),
            ];
            numbers.extend(times.map(i64::cast_unsigned));
            numbers.push(meta.size());
        }
        for number in numbers {
            self.hash.update(number.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    fn guest(from: &Path, is_copied: bool) -> Guest {
        let mut guest = Guest::new("deb").unwrap();
        let placed = Placed {
            from: from.to_path_buf(),
            to: "/srv/x".into(),
        };
        let list = if is_copied {
            &mut guest.files
        } else {
            &mut guest.mounts
        };
        list.push(placed);
        guest
    }

    fn of(guest: &Guest) -> Result<Inputs, Failure> {
        Inputs::of(guest, &LeaseRequest::new("deb", "a test", "/nowhere"))
    }

    fn state(from: &Path) -> Vec<u8> {
        of(&guest(from, true)).unwrap().files.remove(0).state
    }

    #[test]
    fn every_mistake_is_named_with_its_path_and_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().canonicalize().unwrap().join(name);
        fs::create_dir(at("odd")).unwrap();
        fs::write(at("file"), "").unwrap();
        let _socket = UnixListener::bind(at("odd/socket")).unwrap();
        for (name, is_copied, cause, hint) in [
            (
                "none",
                true,
                "files name {}/none: No such file or directory (os error 2)",
                "a relative path starts at the directory of vm-test.toml, or, without one, of the package",
            ),
            (
                "none",
                false,
                "mounts name {}/none: No such file or directory (os error 2)",
                "a relative path starts at the directory of vm-test.toml, or, without one, of the package",
            ),
            (
                "file",
                false,
                "mounts name {}/file, which is no directory",
                "bring a single file as one of its `files`",
            ),
            (
                "odd",
                true,
                "files name {}/odd/socket, which is neither a file, a directory nor a link",
                "name what is beside it",
            ),
        ] {
            let failure = of(&guest(&at(name), is_copied)).unwrap_err();
            let cause = cause.replace("{}", &dir.path().canonicalize().unwrap().to_string_lossy());
            assert_eq!(
                failure.message,
                format!("cannot start guest `deb`: its {cause}")
            );
            assert_eq!(failure.hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn copies_that_would_fill_its_memory_are_refused_and_mounts_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = fs::File::create(dir.path().join("large")).unwrap();
        file.set_len((256 << 20) + 1).unwrap();
        let failure = of(&guest(dir.path(), true)).unwrap_err();
        assert_eq!(
            failure.message,
            "cannot start guest `deb`: its files have 257 MiB, and copies may have half of its memory, 256 MiB"
        );
        assert!(of(&guest(dir.path(), false)).is_ok());
    }

    #[test]
    fn credentials_are_neither_copied_nor_mounted_unless_they_are_exposed() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        fs::create_dir(home.join(".ssh")).unwrap();
        fs::write(home.join(".ssh/id"), "").unwrap();
        let mut request = LeaseRequest::new("deb", "a test", "/nowhere");
        let words = home.to_string_lossy().into_owned();
        request.credentials = vec![("HOME".to_owned(), words.clone())];
        for (from, is_copied) in [("", false), (".ssh", true), (".ssh/id", true)] {
            let mut guest = guest(&home.join(from), is_copied);
            let failure = Inputs::of(&guest, &request).unwrap_err();
            assert!(
                failure
                    .message
                    .ends_with(&format!("and {words}/.ssh is hidden from guests")),
                "{failure}"
            );
            guest.expose = vec!["~/.ssh".to_owned()];
            assert!(Inputs::of(&guest, &request).is_ok());
        }
    }

    #[test]
    fn what_is_copied_is_another_state_whenever_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/a"), "1").unwrap();
        let first = state(&at("d"));
        assert_eq!(state(&at("d")), first);
        fs::write(at("d/a"), "2").unwrap();
        let second = state(&at("d"));
        assert_ne!(second, first);
        symlink("a", at("d/b")).unwrap();
        assert_ne!(state(&at("d")), second);
        // A link to it is followed.
        symlink("d", at("e")).unwrap();
        assert_eq!(state(&at("e")), state(&at("d")));
    }
}
