//! A small system, packed and read again.

use super::super::system::System;
use super::*;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

/// Creates a root with files to take and files to leave out.
fn root() -> TempDir {
    let dir = TempDir::new().unwrap();
    for path in [
        "usr/bin",
        "etc/private",
        "etc/open",
        "home/ann",
        "root",
        "var/cache/apt",
        "var/lib/built",
        "var/tmp/x",
        "data",
    ] {
        fs::create_dir_all(dir.path().join(path)).unwrap();
    }
    for (path, content, mode) in [
        ("usr/bin/tool", "tool", 0o755),
        (
            "etc/passwd",
            "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n",
            0o644,
        ),
        ("etc/shadow", "root:secret:::::::\n", 0o640),
        ("etc/machine-id", "0123\n", 0o644),
        ("etc/key", "secret", 0o600),
        ("etc/private/note", "secret", 0o644),
        ("etc/open/note", "note", 0o644),
        ("home/ann/note", "ann's", 0o644),
        ("var/cache/apt/list", "again", 0o644),
        ("var/lib/built/CACHEDIR.TAG", "", 0o644),
        ("var/lib/built/object", "again", 0o644),
        ("data/rows", "rows", 0o644),
    ] {
        let path = dir.path().join(path);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let private = fs::Permissions::from_mode(0o750);
    fs::set_permissions(dir.path().join("etc/private"), private).unwrap();
    let tool = dir.path().join("usr/bin/tool");
    fs::hard_link(&tool, dir.path().join("usr/bin/tool-2")).unwrap();
    symlink("usr/bin", dir.path().join("bin")).unwrap();
    symlink("../../../etc/passwd", dir.path().join("etc/above")).unwrap();
    dir
}

/// Packs a system; returns each file's kind and its content or target, and the omitted paths.
fn packed(system: &System) -> (BTreeMap<String, (EntryType, String)>, Vec<PathBuf>) {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    let unreadable = walk(system, &mut |entry: &Entry| write(&mut writer, entry)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let name = name.trim_end_matches('/').to_owned();
        let kind = entry.header().entry_type();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        if let Some(target) = entry.link_name().unwrap() {
            text = target.display().to_string();
        }
        let twice = found.insert(name.clone(), (kind, text));
        assert_eq!(twice, None, "{name} is there twice");
    }
    (found, unreadable.paths)
}

#[test]
fn the_system_is_packed_and_nothing_that_is_a_users_or_a_machines() {
    let dir = root();
    let (found, unreadable) = packed(&System::below(dir.path(), &[]));
    for name in [
        "etc/open/note",
        "usr/bin/tool",
        "etc/private",
        "home",
        "var/tmp",
        "var/cache/apt",
        "proc",
    ] {
        assert!(found.contains_key(name), "{name} is not there: {found:?}");
    }
    for name in [
        "etc/machine-id",
        "etc/key",
        "etc/private/note",
        "home/ann",
        "var/tmp/x",
        "var/cache/apt/list",
        "var/lib/built/object",
        "data",
    ] {
        assert!(!found.contains_key(name), "{name} is there");
    }
    let expected = ["etc/key", "etc/private"].map(|name| dir.path().join(name));
    assert_eq!(unreadable, expected);
    assert_eq!(found["etc/shadow"].1, "root:*:::::::\nann:*:::::::\n");
    let link = (EntryType::Link, "usr/bin/tool".to_owned());
    assert_eq!(found["usr/bin/tool-2"], link);
    let symlink = (EntryType::Symlink, "usr/bin".to_owned());
    assert_eq!(found["bin"], symlink);
    assert_eq!(found["etc/above"].1, "/etc/passwd");
}

#[test]
fn what_a_recipe_is_without_is_not_there() {
    let dir = root();
    let without = ["/etc/open".into(), "/usr/bin/tool".into()];
    let (found, _) = packed(&System::below(dir.path(), &without));
    assert!(!found.keys().any(|name| name.starts_with("etc/open")));
    // The other hard link is then a separate file.
    let file = (EntryType::Regular, "tool".to_owned());
    assert_eq!(found["usr/bin/tool-2"], file);
}

#[test]
fn a_file_that_changes_meanwhile_is_as_long_as_it_says_or_not_there() {
    let dir = root();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    let mut entry = Entry {
        name: "a".into(),
        kind: Kind::File(dir.path().join("usr/bin/tool")),
        mode: 0o644,
        user: 0,
        group: 0,
        time: 0,
        size: 1 << 20,
    };
    assert!(write(&mut writer, &entry).unwrap());
    for path in ["gone", "bin", "etc"] {
        entry.kind = Kind::File(dir.path().join(path));
        assert!(!write(&mut writer, &entry).unwrap(), "{path}");
    }
    writer.finish().unwrap();
    drop(writer);
    let mut archive = tar::Archive::new(&bytes[..]);
    let entries = archive.entries().unwrap();
    let sizes: Vec<_> = entries.map(|entry| entry.unwrap().size()).collect();
    assert_eq!(sizes, [4]);
}

#[test]
fn a_copy_is_another_one_when_it_is_wanted_anew_or_without_something_else() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let hash = |without: &[&str]| {
        let without: Vec<_> = without.iter().map(PathBuf::from).collect();
        Host::new(&without, &store).hash
    };
    let first = hash(&[]);
    assert_eq!(first, hash(&[]));
    assert_eq!(hash(&["/opt/a", "/opt/b"]), hash(&["/opt/b", "/opt/a"]));
    assert_ne!(first, hash(&["/opt"]));
    crate::image::store::refresh_host(&store).unwrap();
    assert_ne!(first, hash(&[]));
}
