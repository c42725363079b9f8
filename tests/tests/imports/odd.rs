//! Archives that are unusual but valid: what other programs write, and what only some of them read.

use super::archive::Archive;
use super::good::run;
use super::place::Place;
use super::rootfs::{SHOW, libraries, with_shell};
use rustix::fs::{XattrFlags, lsetxattr};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use vm_test_tests::fixture::text_of;

pub(crate) fn base() -> Archive {
    with_shell(Archive::default(), "base")
}

/// Returns the directory with the uppermost layer of an image.
pub(crate) fn top(place: &Place, image: &str) -> PathBuf {
    let record = place.succeed(&["image", "inspect", image, "--json"]);
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let key = record["layers"].as_array().unwrap().last().unwrap();
    place
        .path("store/layers")
        .join(key.as_str().unwrap())
        .join("files")
}

pub(crate) fn digest(place: &Place, image: &str) -> String {
    let record = place.succeed(&["image", "inspect", image, "--json"]);
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    record["digest"].as_str().unwrap().to_owned()
}

pub(crate) fn import(place: &Place, image: &str, source: &str) -> String {
    let output = place
        .vm_test(&["image", "import", image, source])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    text_of(&output)
}

/// Two capabilities, one of which contains the byte of a newline.
fn capability(version: u32, rest: &[u32]) -> Vec<u8> {
    let numbers = [version | 1, 0x0a, 0, 0, 0];
    numbers
        .iter()
        .chain(rest)
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

/// Returns an attribute of a file in /etc of an image.
fn attribute(place: &Place, image: &str, name: &str, key: &str) -> Vec<u8> {
    let mut value = [0; 64];
    let path = top(place, image).join("etc").join(name);
    let length = rustix::fs::lgetxattr(path, key, &mut value).unwrap();
    value[..length].to_vec()
}

#[test]
fn attributes_of_any_bytes_are_kept_and_come_through_an_export() {
    let place = Place::new();
    let mut archive = base();
    let values: [&[u8]; 5] = [b"a\nb", b"", b"x\n12 path=b\n", b"\0\xff\xfe", b"a=b"];
    for (number, value) in values.iter().enumerate() {
        archive = archive
            .extended("SCHILY.xattr.user.note", value)
            .file(&format!("./etc/{number}"), b"");
    }
    let archive = archive
        .extended("SCHILY.xattr.user.a%3Db", "equals")
        .file("./etc/name", b"")
        .extended(
            "SCHILY.xattr.security.capability",
            capability(0x0200_0000, &[]),
        )
        .file("./etc/second", b"")
        .extended(
            "SCHILY.xattr.security.capability",
            capability(0x0300_0000, &[100_000]),
        )
        .file("./etc/third", b"")
        .extended("LIBARCHIVE.xattr.user.text", "YQpi")
        .file("./etc/text", b"");
    place.write("r.tar", archive.finish());
    import(&place, "first", "r.tar");
    place.succeed(&["image", "export", "first", "again.tar"]);
    import(&place, "again", "again.tar");
    assert_eq!(digest(&place, "first"), digest(&place, "again"));
    place.succeed(&["image", "verify", "again"]);
    let attribute = |name: &str, key: &str| attribute(&place, "again", name, key);
    for (number, value) in values.iter().enumerate() {
        assert_eq!(attribute(&number.to_string(), "user.note"), *value);
    }
    assert_eq!(attribute("name", "user.a=b"), b"equals");
    assert_eq!(attribute("text", "user.text"), b"a\nb");
    // The capabilities must be there, whichever id is root of the store's files.
    for name in ["second", "third"] {
        assert_eq!(
            attribute(name, "security.capability")[4..20],
            capability(0, &[])[4..]
        );
    }
}

#[test]
fn attributes_of_any_bytes_are_kept_of_a_directory_too() {
    let place = Place::new();
    let file = place.write("r.tar", base().file("./etc/note", b"").finish());
    let root = place.path("root");
    fs::create_dir(&root).unwrap();
    let mut tar = std::process::Command::new("tar");
    tar.args(["-xf", &file, "--exclude=./dev/*", "--no-same-owner", "-C"])
        .arg(&root);
    assert!(tar.status().unwrap().success());
    let set = |name: &str, key: &str, value: &[u8]| {
        lsetxattr(root.join("etc").join(name), key, value, XattrFlags::CREATE).unwrap();
    };
    set("note", "user.note", b"a\nb");
    let capability = capability(0x0200_0000, &[]);
    let is_root = rustix::process::getuid().is_root();
    if is_root {
        set("marker", "security.capability", &capability);
    }
    import(&place, "d", "dir:root");
    assert_eq!(attribute(&place, "d", "note", "user.note"), b"a\nb");
    if is_root {
        let kept = attribute(&place, "d", "marker", "security.capability");
        assert_eq!(kept[4..20], capability[4..]);
    }
}

#[test]
fn a_guest_starts_from_an_archive_without_the_mark_of_a_format() {
    let place = Place::new();
    let mut archive = Archive::default();
    for directory in ["bin/", "etc/", "dev/", "proc/"] {
        archive = archive.entry(directory, b'\0', "", 0o755, b"");
    }
    archive = archive
        .file("bin/dash", &fs::read("/bin/sh").unwrap())
        .symlink("bin/sh", "dash")
        .file("etc/marker", b"of the seventies\n");
    for library in libraries(Path::new("/bin/sh")) {
        archive = archive.file(&library[1..], &fs::read(&library).unwrap());
    }
    let archive = archive.finish_as_v7();
    assert!(!archive[..512].windows(5).any(|word| word == b"ustar"));
    place.write("v7.tar", &archive);
    import(&place, "v7", "v7.tar");
    assert_eq!(run(&place, "v7", &SHOW), "of the seventies\n");
}

#[test]
fn archives_of_old_and_of_other_programs_are_read() {
    let place = Place::new();
    let archive = with_shell(Archive::default().entry("label", b'V', "", 0, b""), "odd")
        .entry("old/", b'\0', "", 0o755, b"")
        .file("/etc/absolute", b"")
        .file("./etc/twice", b"1")
        .symlink("./etc/twice", "marker")
        .extended("mtime", "1700000000.5")
        .file("./etc/time", b"");
    place.write("odd.tar", archive.finish());
    import(&place, "odd", "odd.tar");
    assert_eq!(run(&place, "odd", &SHOW), "odd\n");
    let root = top(&place, "odd");
    assert!(root.join("old").is_dir() && root.join("etc/absolute").is_file());
    assert!(root.join("etc/twice").is_symlink());
    let time = fs::metadata(root.join("etc/time")).unwrap();
    assert_eq!(
        (time.mtime(), time.mtime_nsec()),
        (1_700_000_000, 500_000_000)
    );
}

#[test]
fn files_with_holes_are_read_in_every_form_that_tar_writes() {
    let place = Place::new();
    let root = place.path("root");
    fs::create_dir_all(root.join("etc")).unwrap();
    let file = fs::File::create(root.join("etc/holes")).unwrap();
    std::os::unix::fs::FileExt::write_at(&file, b"X", 1 << 20).unwrap();
    file.set_len(2 << 20).unwrap();
    symlink("holes", root.join("etc/link")).unwrap();
    let forms: [&[&str]; 5] = [
        &["--format=gnu"],
        &["--format=oldgnu"],
        &["--format=posix"],
        &["--format=posix", "--sparse-version=0.0"],
        &["--format=posix", "--sparse-version=0.1"],
    ];
    for form in forms {
        let mut tar = std::process::Command::new("tar");
        tar.arg("-cSf")
            .arg(place.path("s.tar"))
            .args(form)
            .arg("-C")
            .arg(&root)
            .arg(".");
        assert!(tar.status().unwrap().success());
        import(&place, "s", "s.tar");
        let read = fs::read(top(&place, "s").join("etc/holes")).unwrap();
        assert!(
            read == fs::read(root.join("etc/holes")).unwrap(),
            "{form:?}"
        );
    }
}

#[test]
fn an_image_that_was_exported_is_the_same_when_it_is_imported_again_and_has_its_kernel() {
    let place = Place::new();
    let mut archive = base();
    for release in ["9.9.1-t", "9.10.1-t", "9.11.1-without-modules"] {
        archive = archive.file(&format!("./boot/vmlinuz-{release}"), b"kernel");
        if !release.ends_with("modules") {
            archive = archive.file(&format!("./lib/modules/{release}/modules.dep"), b"");
        }
    }
    place.write("r.tar", archive.finish());
    import(&place, "first", "r.tar");
    let exported = place
        .vm_test(&["image", "export", "first", "-"])
        .output()
        .unwrap();
    assert!(
        exported.status.success() && exported.stderr.is_empty(),
        "{exported:?}"
    );
    place.write("again.tar", exported.stdout);
    import(&place, "again", "again.tar");
    assert_eq!(digest(&place, "first"), digest(&place, "again"));
    for image in ["first", "again"] {
        let record = place.succeed(&["image", "inspect", image, "--json"]);
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["kernel"]["release"], "9.10.1-t", "{record}");
    }
}

#[test]
fn what_has_changed_of_an_image_is_told_to_programs_too() {
    let place = Place::new();
    place.write("r.tar", base().finish());
    import(&place, "i", "r.tar");
    let verify = || {
        let output = place
            .vm_test(&["image", "verify", "i", "--json"])
            .output()
            .unwrap();
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.success(), found)
    };
    let (is_good, found) = verify();
    let expected = serde_json::json!({ "name": "i", "digest": digest(&place, "i"), "changed": [] });
    assert_eq!((is_good, found), (true, expected));
    fs::write(top(&place, "i").join("etc/marker"), "other").unwrap();
    let (is_good, found) = verify();
    let changed = found["changed"][0].as_str().unwrap();
    assert!(!is_good && changed.starts_with("layer "), "{changed}");
}
