//! Keeps a second copy of a directory in step with the first, touching only what differs, so that
//! cargo does not rebuild what has not changed. Knows files, but not their meaning.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Files that belong to the copy, and that a mirror leaves unchanged wherever they are.
const KEPT: &str = "target";

/// The owner of copied files.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Returns all files and symbolic links below `root`, relative to it, except in directories that
/// `skipped` names.
pub(crate) fn files_below(root: &Path, skipped: &[&str]) -> Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in
            fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))?
        {
            let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
            let relative = folder.join(entry.file_name());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if !is_folder {
                files.insert(relative);
            } else if !skipped.iter().any(|name| relative.ends_with(name)) {
                folders.push(relative);
            }
        }
    }
    Ok(files)
}

/// Makes each of `files` below `to` the same as below `from`.
///
/// A file that is already the same keeps its time. A file that is written gets the present time,
/// because an older one would tell cargo that nothing has to be built.
pub(crate) fn copy(from: &Path, files: &BTreeSet<PathBuf>, to: &Path, owner: Owner) -> Result<()> {
    for file in files {
        let (source, target) = (from.join(file), to.join(file));
        copy_one(&source, &target, to, owner)
            .with_context(|| format!("cannot copy {} to {}", source.display(), target.display()))?;
    }
    Ok(())
}

/// Removes everything below `root` that is not among `files`, except in directories named `target`.
pub(crate) fn remove_others(root: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for file in files_below(root, &[KEPT])? {
        if !files.contains(&file) {
            let path = root.join(file);
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Makes `to` a tree of hard links to the files of `from`, which take no space; of copies if `to`
/// is on another file system.
pub(crate) fn link(from: &Path, to: &Path, skipped: &[&str]) -> Result<()> {
    for file in files_below(from, skipped)? {
        let (source, target) = (from.join(&file), to.join(&file));
        link_one(&source, &target)
            .with_context(|| format!("cannot link {} to {}", target.display(), source.display()))?;
    }
    Ok(())
}

fn link_one(source: &Path, target: &Path) -> Result<()> {
    let original = fs::symlink_metadata(source)?;
    if let Ok(there) = fs::symlink_metadata(target) {
        let linked = (there.dev(), there.ino()) == (original.dev(), original.ino());
        let copied = there.dev() != original.dev()
            && there.len() == original.len()
            && there.mtime() >= original.mtime();
        if linked || copied {
            return Ok(());
        }
        fs::remove_file(target)?;
    }
    fs::create_dir_all(target.parent().context("it has no folder")?)?;
    match fs::hard_link(source, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(source, target)?;
        }
        other => other?,
    }
    Ok(())
}

fn copy_one(source: &Path, target: &Path, root: &Path, owner: Owner) -> Result<()> {
    let original = fs::symlink_metadata(source)?;
    make_folders(target.parent().context("it has no folder")?, root, owner)?;
    if original.is_symlink() {
        let goal = fs::read_link(source)?;
        if fs::read_link(target).ok().as_ref() != Some(&goal) {
            remove(target)?;
            symlink(goal, target)?;
            lchown(target, Some(owner.uid), Some(owner.gid))?;
        }
        return Ok(());
    }
    let content = fs::read(source)?;
    let same = fs::symlink_metadata(target).is_ok_and(|there| {
        there.is_file() && there.mode() == original.mode() && there.len() == original.len()
    });
    if !(same && fs::read(target)? == content) {
        remove(target)?;
        fs::write(target, content)?;
        fs::set_permissions(target, original.permissions())?;
        chown(target, Some(owner.uid), Some(owner.gid))?;
    }
    Ok(())
}

fn remove(target: &Path) -> io::Result<()> {
    match fs::symlink_metadata(target) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(target),
        Ok(_) => fs::remove_file(target),
        Err(_) => Ok(()),
    }
}

/// Makes the directories from `root` down to `folder`.
///
/// Root writes here into a directory of another account, so a symbolic link on the way is an error:
/// it could lead anywhere.
fn make_folders(folder: &Path, root: &Path, owner: Owner) -> Result<()> {
    if folder != root && folder.starts_with(root) {
        make_folders(folder.parent().context("it has no folder")?, root, owner)?;
    }
    match fs::symlink_metadata(folder) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(_) => bail!("{} is in the way", folder.display()),
        Err(_) => {
            fs::create_dir_all(folder)?;
            chown(folder, Some(owner.uid), Some(owner.gid))?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> BTreeSet<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn ourselves() -> Owner {
        Owner {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }

    #[test]
    fn a_copy_is_in_step_and_an_unchanged_file_keeps_its_time() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("src")).unwrap();
        fs::write(from.join("src/a"), "a").unwrap();
        fs::write(from.join("src/b"), "b").unwrap();
        let files = paths(&["src/a", "src/b"]);
        copy(&from, &files, &to, ourselves()).unwrap();
        let time = |name: &str| fs::metadata(to.join(name)).unwrap().modified().unwrap();
        let (a, b) = (time("src/a"), time("src/b"));
        fs::write(from.join("src/b"), "c").unwrap();
        copy(&from, &files, &to, ourselves()).unwrap();
        assert_eq!(fs::read_to_string(to.join("src/b")).unwrap(), "c");
        assert_eq!(time("src/a"), a);
        assert!(time("src/b") >= b);
    }

    #[test]
    fn what_is_gone_is_removed_and_what_was_built_stays() {
        let root = tempfile::tempdir().unwrap();
        for name in ["old", "new", "fixture/target/built"] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        remove_others(root.path(), &paths(&["new"])).unwrap();
        assert_eq!(
            files_below(root.path(), &[]).unwrap(),
            paths(&["fixture/target/built", "new"])
        );
    }

    #[test]
    fn a_symbolic_link_in_the_way_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let (from, to, elsewhere) = (
            root.path().join("from"),
            root.path().join("to"),
            root.path().join("else"),
        );
        for folder in [&from.join("src"), &to, &elsewhere] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(from.join("src/a"), "a").unwrap();
        symlink(&elsewhere, to.join("src")).unwrap();
        let error = copy(&from, &paths(&["src/a"]), &to, ourselves()).unwrap_err();
        assert!(format!("{error:#}").ends_with("is in the way"), "{error:#}");
        assert!(!elsewhere.join("a").exists());
    }

    #[test]
    fn a_linked_tree_shares_its_files_and_leaves_out_what_is_skipped() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("share/doc")).unwrap();
        fs::write(from.join("share/doc/book"), "long").unwrap();
        fs::write(from.join("tool"), "one").unwrap();
        link(&from, &to, &["share/doc"]).unwrap();
        link(&from, &to, &["share/doc"]).unwrap();
        assert_eq!(files_below(&to, &[]).unwrap(), paths(&["tool"]));
        let inode = |path: PathBuf| fs::metadata(path).unwrap().ino();
        assert_eq!(inode(from.join("tool")), inode(to.join("tool")));
    }
}
