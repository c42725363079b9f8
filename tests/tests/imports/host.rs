//! This host's own system as the base of an image. The host may be large and the suites have little
//! time, so the image leaves out most of it.

use super::place::{Place, finish};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::fixture::text_of;

/// Larger files are left out.
const LARGE: u64 = 2 << 20;

/// Directories from which only small files are taken.
const KEPT: [&str; 9] = [
    "/bin",
    "/lib",
    "/lib64",
    "/opt",
    "/sbin",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib64",
];

/// Returns what the image leaves out: nearly everything except programs and what they need.
fn without() -> Vec<PathBuf> {
    let mut left = vec!["/var/lib".into(), "/usr/sbin".into()];
    let mut kept: Vec<PathBuf> = KEPT.iter().map(PathBuf::from).collect();
    while let Some(directory) = kept.pop() {
        let is_link = fs::symlink_metadata(&directory).is_ok_and(|meta| meta.is_symlink());
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        for entry in entries.filter(|_| !is_link) {
            let (path, meta) = (entry.path(), entry.metadata().unwrap());
            let has_libraries = path.extension().is_none()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().ends_with("-linux-gnu"))
                && directory.file_name() == Some(OsStr::new("lib"));
            if meta.is_dir() && has_libraries {
                kept.push(path);
            } else if meta.is_dir() && !KEPT.iter().any(|kept| path == Path::new(kept))
                || meta.is_file() && meta.len() > LARGE
            {
                left.push(path);
            }
        }
    }
    left
}

#[test]
fn an_image_starts_from_this_hosts_system_and_has_no_homes() {
    let place = Place::new();
    let absent = PathBuf::from("/opt/no-such-file");
    let without = without().into_iter().chain([absent]);
    let without: Vec<_> = without.map(|path| format!("{path:?}")).collect();
    place.write("images/marker", "from a file\n");
    let recipe = format!(
        "base = \"host\"\nwithout = [{}]\n\
         [[files]]\nfrom = \"marker\"\nto = \"/etc/marker\"\n\
         [[run]]\ncommand = \"sed s/file/step/ /etc/marker > /etc/built\"\n",
        without.join(", ")
    );
    place.write("images/mine.toml", recipe);
    place.write("vm-test.toml", "[guest.g]\nimage = \"mine\"\n");
    let build = || {
        let args = ["image", "build", "mine"];
        let output = place.vm_test(&args).output().unwrap();
        let text = text_of(&output);
        finish(output, &args);
        text
    };
    let first = build();
    assert!(
        first.contains("copy this host's system: done in "),
        "{first}"
    );
    let absent = "`without` names /opt/no-such-file, which does not exist on this host";
    assert!(first.contains(absent), "{first}");
    let system = ". /etc/os-release && echo $ID $VERSION_ID";
    let here = Command::new("sh").args(["-c", system]).output().unwrap();
    let here = String::from_utf8(here.stdout).unwrap();
    let script = format!(
        "{system}; cat /etc/marker /etc/built; stat -c %u /etc/passwd; \
         cut -d: -f2 /etc/shadow | sort -u; ls -A /home /root /srv; ls /etc/machine-id"
    );
    let args = ["run", "g", "--directory", "/", "--", "sh", "-c", &script];
    let output = place.vm_test(&args).output().unwrap();
    let found = String::from_utf8_lossy(&output.stdout);
    let homes = "/home:\n\n/root:\n\n/srv:\n";
    let expected = format!("{here}from a file\nfrom a step\n0\n*\n{homes}");
    assert_eq!(found, expected, "{}", text_of(&output));
    let second = build();
    assert_eq!(second.matches(": in the store").count(), 3, "{second}");
    assert!(!second.contains("done in"), "{second}");
    place.succeed(&["image", "verify", "mine"]);
}

#[test]
fn only_a_copy_of_this_host_is_made_anew() {
    let place = Place::new();
    place.write("images/a.toml", "base = \"tar:a.tar\"\n");
    place.refuse(
        &mut place.vm_test(&["image", "build", "--refresh", "a"]),
        "cannot refresh image `a`: its base is not \"host\", and all others are built once",
        "vm-test image rm a; vm-test gc --images",
    );
    place.write("images/b.toml", "base = \"a\"\n");
    place.refuse(
        &mut place.vm_test(&["image", "build", "--refresh", "b"]),
        "cannot refresh image `b`: its base is not \"host\", and all others are built once",
        "if image `a` starts from the host, refresh that one",
    );
    place.assert_empty();
}
