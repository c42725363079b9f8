//! The state of a file tree: content, owner, permissions and times of every file. An inode's change
//! time reveals any other change.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Each path with everything that must not change.
pub(crate) type Tree = BTreeMap<String, String>;

/// Reads a tree, or a single file.
pub(crate) fn read(path: &Path) -> Tree {
    let mut tree = Tree::new();
    add(&mut tree, path);
    tree
}

fn add(tree: &mut Tree, path: &Path) {
    let name = path.display().to_string();
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) => {
            tree.insert(name, error.to_string());
            return;
        }
    };
    // A device or a pipe may have no end.
    let bytes = meta.is_file().then(|| fs::read(path));
    let content = bytes.map_or_else(String::new, |bytes| {
        let mut hasher = DefaultHasher::new();
        bytes.as_deref().unwrap_or_default().hash(&mut hasher);
        format!("content {:016x}", hasher.finish())
    });
    let told = format!(
        "inode {} mode {:o} owner {}:{} links {} device {} modified {}.{:09} changed {}.{:09} {content}",
        meta.ino(),
        meta.mode(),
        meta.uid(),
        meta.gid(),
        meta.nlink(),
        meta.rdev(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec()
    );
    tree.insert(name, told);
    if meta.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(tree, &entry.path());
        }
    }
}

/// Returns the differences between two trees.
pub(crate) fn difference(before: &Tree, after: &Tree) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| {
            format!(
                "{name}\n  was {}\n  is {}",
                before.get(name).map_or("not there", String::as_str),
                after.get(name).map_or("not there", String::as_str)
            )
        })
        .collect()
}

#[test]
fn every_change_of_a_file_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    let mut before = read(dir.path());
    for change in [
        "echo a > file",
        "chmod 0600 file",
        "touch -d @1 file",
        "ln file other",
        "mv other another",
        "rm another",
        "printf b >> file",
        "chmod 0600 file",
    ] {
        // A file system's clock has a coarse resolution.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let mut command = std::process::Command::new("sh");
        command.args(["-c", change]).current_dir(dir.path());
        assert!(command.status().unwrap().success());
        let after = read(dir.path());
        assert_ne!(
            difference(&before, &after),
            Vec::<String>::new(),
            "{change}"
        );
        before = after;
    }
    assert!(file.is_file() && difference(&before, &read(dir.path())).is_empty());
}
