//! The smallest root file system from which a guest starts here: a shell of this host with its
//! libraries.

use super::archive::Archive;
use std::fs;
use std::process::Command;

/// Adds the shell, and a file that identifies this image.
pub(crate) fn with_shell(mut archive: Archive, marker: &str) -> Archive {
    for directory in ["./", "./bin", "./etc", "./dev", "./proc"] {
        archive = archive.directory(directory);
    }
    archive = archive
        .device("./dev/null")
        .file("./etc/marker", format!("{marker}\n").as_bytes())
        .file("./bin/sh", &fs::read("/bin/sh").unwrap());
    for library in libraries() {
        archive = archive.file(&format!(".{library}"), &fs::read(&library).unwrap());
    }
    archive
}

/// Returns the paths of the shell's libraries.
fn libraries() -> Vec<String> {
    let output = Command::new("ldd").arg("/bin/sh").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
    let paths: Vec<_> = paths.map(str::to_owned).collect();
    assert!(paths.len() >= 2, "ldd gave {text:?}");
    paths
}

/// A command that a shell can run without any other program: it prints the marker.
pub(crate) const SHOW: [&str; 3] = ["sh", "-c", "read -r word < /etc/marker; echo \"$word\""];
