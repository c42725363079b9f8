//! Writes one file into a directory of the host: first to a staging directory, then renamed, so
//! that a partial file is never visible. Follows no symbolic link, and writes only there and to the
//! staging directory: a process that is killed meanwhile leaves nothing among the user's files.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use vm_test_protocol::harvest::HARVEST_TIME;

/// The extension of a draft's name.
const END: &str = ".part";

/// A draft of this age is abandoned: the process id of another container looks like that of an
/// ended process.
const OLD: Duration = HARVEST_TIME.saturating_add(Duration::from_secs(60));

static DRAFTS: AtomicUsize = AtomicUsize::new(0);

/// A file that is not complete yet. Dropping it discards it.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    aside: PathBuf,
    goal: PathBuf,
}

impl Draft {
    /// Begins a file below `root` with these names; makes directories on the way.
    ///
    /// It is written in the directory of drafts, or without one beside its destination.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub(super) fn begin(
        root: &Path,
        names: &[String],
        drafts: Option<&Path>,
    ) -> Result<Self, String> {
        let (name, directories) = names.split_last().ok_or("it has no name")?;
        let mut directory = root.to_path_buf();
        for name in directories {
            directory.push(name);
            make_real(&directory)?;
        }
        // The names are checked above; this checks where they lead.
        let is_within = directory.canonicalize().and_then(|real| {
            let root = root.canonicalize()?;
            Ok(real.starts_with(root))
        });
        match is_within {
            Ok(true) => {}
            Ok(false) => {
                return Err(format!(
                    "{} leads out of {}",
                    directory.display(),
                    root.display()
                ));
            }
            Err(error) => return Err(cannot(&directory, &error)),
        }
        let goal = directory.join(name);
        match kind_of(&goal)? {
            None => {}
            Some(meta) if meta.is_file() => {}
            Some(meta) => return Err(in_the_way(&goal, &meta)),
        }
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}{END}", std::process::id());
        let aside = match drafts.filter(|drafts| prepare(drafts)) {
            Some(drafts) => drafts.join(name),
            None => goal.with_file_name(beside(&name)),
        };
        // Left by a killed process with the same id.
        let _ = fs::remove_file(&aside);
        let file = File::create_new(&aside).map_err(|error| cannot(&aside, &error))?;
        Ok(Self { file, aside, goal })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.file
            .write_all(bytes)
            .map_err(|error| cannot(&self.aside, &error))
    }

    /// Moves the file to its place, replacing an existing one.
    ///
    /// # Errors
    /// Why it cannot be put there.
    pub(super) fn replace(mut self) -> Result<(), String> {
        if let Some(meta) = kind_of(&self.goal)? {
            if !meta.is_file() {
                return Err(in_the_way(&self.goal, &meta));
            }
            // An executable file stays executable.
            let kept = fs::set_permissions(&self.aside, meta.permissions());
            kept.map_err(|error| cannot(&self.aside, &error))?;
        }
        let renamed = match fs::rename(&self.aside, &self.goal) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => self
                .come_closer()
                .and_then(|()| fs::rename(&self.aside, &self.goal)),
            renamed => renamed,
        };
        renamed.map_err(|error| cannot(&self.goal, &error))
    }

    /// Moves the draft to its destination's directory, which is on another file system.
    fn come_closer(&mut self) -> io::Result<()> {
        let name = self.aside.file_name().unwrap_or_default().to_string_lossy();
        let closer = self.goal.with_file_name(beside(&name));
        let _ = fs::remove_file(&closer);
        let mut file = File::create_new(&closer)?;
        let far = std::mem::replace(&mut self.aside, closer);
        let mode = self.file.metadata()?.permissions();
        let copied = File::open(&far).and_then(|mut draft| io::copy(&mut draft, &mut file));
        let _ = fs::remove_file(&far);
        copied?;
        file.set_permissions(mode)
    }

    /// Moves the file to its place if there is none yet; returns whether it did.
    ///
    /// # Errors
    /// Why it cannot be put there.
    pub(super) fn add(self) -> Result<bool, String> {
        match fs::hard_link(&self.aside, &self.goal) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // Not every file system has hard links; then only the names keep files apart.
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

/// Returns the name of a draft among other files.
fn beside(name: &str) -> String {
    format!(".vm-test-{name}")
}

/// Makes the directory of drafts, and removes what killed processes have left there; returns
/// whether it can be used.
fn prepare(drafts: &Path) -> bool {
    static SWEPT: Once = Once::new();
    let is_there = fs::create_dir_all(drafts).is_ok();
    SWEPT.call_once(|| sweep(drafts));
    is_there
}

/// Removes drafts of processes that have ended.
fn sweep(drafts: &Path) {
    let entries = fs::read_dir(drafts).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| {
            name.strip_suffix(END)?
                .split('-')
                .next()?
                .parse::<u32>()
                .ok()
        });
        let is_over =
            process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists());
        let modified = entry.metadata().and_then(|meta| meta.modified());
        let is_old = modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > OLD));
        if is_over && is_old {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes a directory unless it exists; a symbolic link to one does not count.
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
        "a file of another type"
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

    /// A directory for one test, made without another crate.
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
        let mut draft = Draft::begin(&place.0, &names(&["a", "b", "c"]), None).unwrap();
        draft.write(b"words").unwrap();
        assert!(!goal.exists());
        drop(draft);
        assert_eq!(fs::read_dir(place.0.join("a/b")).unwrap().count(), 0);
        let mut draft = Draft::begin(&place.0, &names(&["a", "b", "c"]), None).unwrap();
        draft.write(b"words").unwrap();
        draft.replace().unwrap();
        assert_eq!(fs::read(&goal).unwrap(), b"words");
        assert_eq!(fs::read_dir(place.0.join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_added_never_replaces_and_what_replaces_keeps_the_mode() {
        let place = Place::new("mode");
        let goal = place.0.join("a");
        let draft = || Draft::begin(&place.0, &names(&["a"]), None).unwrap();
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
            let error = Draft::begin(&place.0, &names(path), None).unwrap_err();
            assert!(error.ends_with("is a symbolic link on the host"), "{error}");
        }
        assert_eq!(fs::read_dir(&elsewhere.0).unwrap().count(), 0);
    }

    #[test]
    fn drafts_have_a_directory_of_their_own_on_whatever_file_system() {
        let place = Place::new("goal");
        // The second is usually on another file system.
        let shared = PathBuf::from(format!("/dev/shm/vm-test-draft-{}", std::process::id()));
        for drafts in [place.0.join("drafts"), shared] {
            let drafts = Place(drafts);
            let goal = place.0.join("a/b");
            let begin = || Draft::begin(&place.0, &names(&["a", "b"]), Some(&drafts.0)).unwrap();
            let mut draft = begin();
            draft.write(b"words").unwrap();
            // If the process were killed now, nothing would be here.
            assert_eq!(fs::read_dir(place.0.join("a")).unwrap().count(), 0);
            assert_eq!(draft.add(), Ok(true));
            assert_eq!(fs::read(&goal).unwrap(), b"words");
            fs::set_permissions(&goal, fs::Permissions::from_mode(0o750)).unwrap();
            let mut draft = begin();
            draft.write(b"others").unwrap();
            draft.replace().unwrap();
            assert_eq!(fs::read(&goal).unwrap(), b"others");
            assert_eq!(goal.metadata().unwrap().permissions().mode() & 0o777, 0o750);
            drop(begin());
            assert_eq!(fs::read_dir(&drafts.0).unwrap().count(), 0);
            assert_eq!(fs::read_dir(place.0.join("a")).unwrap().count(), 1);
            fs::remove_file(&goal).unwrap();
        }
    }

    #[test]
    fn what_a_killed_process_has_left_is_removed_and_nothing_else() {
        let place = Place::new("sweep");
        // No process id is as large as this.
        let (dead, alive) = (4_200_000_000_u32, std::process::id());
        let old = std::time::SystemTime::now() - 2 * OLD;
        for (name, is_old) in [
            (format!("{dead}-0.part"), true),
            (format!("{dead}-1.part"), false),
            (format!("{alive}-0.part"), true),
            ("words.part".to_owned(), true),
        ] {
            let file = File::create(place.0.join(name)).unwrap();
            if is_old {
                file.set_modified(old).unwrap();
            }
        }
        sweep(&place.0);
        assert!(!place.0.join(format!("{dead}-0.part")).exists());
        assert_eq!(fs::read_dir(&place.0).unwrap().count(), 3);
    }
}
