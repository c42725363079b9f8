//! One file on its way into a directory of the host: written aside, then renamed, so that nobody ever sees a part of it.
//! No symbolic link is followed, and nothing is written outside of the directory.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

static DRAFTS: AtomicUsize = AtomicUsize::new(0);

/// A file that is not there yet. Dropped, it never will be.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    aside: PathBuf,
    goal: PathBuf,
}

impl Draft {
    /// Begins a file at `root` and below it by these names; directories on the way are made.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub(super) fn begin(root: &Path, names: &[String]) -> Result<Self, String> {
        let (name, directories) = names.split_last().ok_or("it has no name")?;
        let mut directory = root.to_path_buf();
        for name in directories {
            directory.push(name);
            make_real(&directory)?;
        }
        // What is checked above by name is checked here by what the names lead to.
        let is_within = directory.canonicalize().and_then(|real| {
            let root = root.canonicalize()?;
            Ok(real.starts_with(root))
        });
        match is_within {
            Ok(true) => {}
            Ok(false) => return Err(format!("{} is elsewhere", directory.display())),
            Err(error) => return Err(cannot(&directory, &error)),
        }
        let goal = directory.join(name);
        match kind_of(&goal)? {
            None => {}
            Some(meta) if meta.is_file() => {}
            Some(meta) => return Err(in_the_way(&goal, &meta)),
        }
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let aside = directory.join(format!(".vm-test-{}-{number}.part", std::process::id()));
        // A leftover of a killed process that had this one's id.
        let _ = fs::remove_file(&aside);
        let file = File::create_new(&aside).map_err(|error| cannot(&aside, &error))?;
        Ok(Self { file, aside, goal })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.file
            .write_all(bytes)
            .map_err(|error| cannot(&self.aside, &error))
    }

    /// Puts the file in its place, over one that is there.
    ///
    /// # Errors
    /// Why it cannot be put there.
    pub(super) fn replace(self) -> Result<(), String> {
        if let Some(meta) = kind_of(&self.goal)? {
            if !meta.is_file() {
                return Err(in_the_way(&self.goal, &meta));
            }
            // A script stays one.
            let kept = fs::set_permissions(&self.aside, meta.permissions());
            kept.map_err(|error| cannot(&self.aside, &error))?;
        }
        fs::rename(&self.aside, &self.goal).map_err(|error| cannot(&self.goal, &error))
    }

    /// Puts the file in its place if there is none yet; whether it did.
    ///
    /// # Errors
    /// Why it cannot be put there.
    pub(super) fn add(self) -> Result<bool, String> {
        match fs::hard_link(&self.aside, &self.goal) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // Not every file system has links; then the names alone keep files apart.
            Err(_) if kind_of(&self.goal)?.is_none() => self.replace().map(|()| true),
            Err(error) => Err(cannot(&self.goal, &error)),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It is not there any more if it was renamed.
        let _ = fs::remove_file(&self.aside);
    }
}

/// Makes a directory unless it is there; a symbolic link to one does not count.
fn make_real(directory: &Path) -> Result<(), String> {
    if let Err(error) = fs::create_dir(directory)
        && error.kind() != ErrorKind::AlreadyExists
    {
        return Err(cannot(directory, &error));
    }
    match kind_of(directory)? {
        Some(meta) if meta.is_dir() => Ok(()),
        Some(meta) => Err(in_the_way(directory, &meta)),
        None => Err(format!("{} has vanished", directory.display())),
    }
}

fn kind_of(path: &Path) -> Result<Option<Metadata>, String> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(path, &error)),
    }
}

fn in_the_way(path: &Path, meta: &Metadata) -> String {
    let what = if meta.is_symlink() {
        "a symbolic link"
    } else if meta.is_dir() {
        "a directory"
    } else {
        "something else than what it should be"
    };
    format!("{} is {what} on the host", path.display())
}

fn cannot(path: &Path, error: &io::Error) -> String {
    format!("cannot write {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A directory of a test's own, without a crate for it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("vm-test-draft-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let place = Place::new("whole");
        let goal = place.0.join("a/b/c");
        let mut draft = Draft::begin(&place.0, &names(&["a", "b", "c"])).unwrap();
        draft.write(b"words").unwrap();
        assert!(!goal.exists());
        drop(draft);
        assert_eq!(fs::read_dir(place.0.join("a/b")).unwrap().count(), 0);
        let mut draft = Draft::begin(&place.0, &names(&["a", "b", "c"])).unwrap();
        draft.write(b"words").unwrap();
        draft.replace().unwrap();
        assert_eq!(fs::read(&goal).unwrap(), b"words");
        assert_eq!(fs::read_dir(place.0.join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_added_never_replaces_and_what_replaces_keeps_the_mode() {
        let place = Place::new("mode");
        let goal = place.0.join("a");
        let draft = || Draft::begin(&place.0, &names(&["a"])).unwrap();
        assert_eq!(draft().add(), Ok(true));
        assert_eq!(draft().add(), Ok(false));
        fs::set_permissions(&goal, fs::Permissions::from_mode(0o750)).unwrap();
        draft().replace().unwrap();
        assert_eq!(goal.metadata().unwrap().permissions().mode() & 0o777, 0o750);
    }

    #[test]
    fn no_link_is_followed_on_the_way_or_at_the_end() {
        let place = Place::new("links");
        let elsewhere = Place::new("elsewhere");
        symlink(&elsewhere.0, place.0.join("way")).unwrap();
        symlink(elsewhere.0.join("x"), place.0.join("end")).unwrap();
        for path in [&["way", "x"][..], &["end"], &["way", "deep", "x"]] {
            let error = Draft::begin(&place.0, &names(path)).unwrap_err();
            assert!(error.ends_with("is a symbolic link on the host"), "{error}");
        }
        assert_eq!(fs::read_dir(&elsewhere.0).unwrap().count(), 0);
    }
}
