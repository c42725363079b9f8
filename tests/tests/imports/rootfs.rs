//! The smallest root file system from which a guest starts here: a shell of this host with its
//! libraries, and other programs of this host that a test asks for.

use super::archive::Archive;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Adds the shell, and a file that identifies this image.
pub(crate) fn with_shell(archive: Archive, marker: &str) -> Archive {
    let archive = archive.directory("./").directory("./bin");
    let archive = archive.file("./bin/sh", &fs::read("/bin/sh").unwrap());
    with_the_rest(archive, marker)
}

/// Returns the same root file system with `/bin` as a link to `usr/bin`.
pub(crate) fn with_merged_usr(marker: &str) -> Archive {
    let archive = Archive::default()
        .directory("./")
        .directory("./usr")
        .directory("./usr/bin")
        .file("./usr/bin/sh", &fs::read("/bin/sh").unwrap())
        .symlink("./bin", "usr/bin");
    with_the_rest(archive, marker)
}

fn with_the_rest(mut archive: Archive, marker: &str) -> Archive {
    for directory in ["./etc", "./dev", "./proc"] {
        archive = archive.directory(directory);
    }
    archive = archive
        .device("./dev/null")
        .file("./etc/marker", format!("{marker}\n").as_bytes());
    with_libraries(archive, Path::new("/bin/sh"))
}

/// Adds a program of this host to `/bin`.
pub(crate) fn with_program(archive: Archive, name: &str) -> Archive {
    let places = ["/usr/bin", "/bin"].map(|directory| Path::new(directory).join(name));
    let path = places.into_iter().find(|path| path.is_file());
    let path = path.unwrap_or_else(|| panic!("this host has no {name}"));
    let archive = archive.file(&format!("./bin/{name}"), &fs::read(&path).unwrap());
    with_libraries(archive, &path)
}

fn with_libraries(mut archive: Archive, program: &Path) -> Archive {
    for library in libraries(program) {
        archive = archive.file(&format!(".{library}"), &fs::read(&library).unwrap());
    }
    archive
}

/// Returns the paths of a program's libraries.
pub(crate) fn libraries(program: &Path) -> Vec<String> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
    let paths: Vec<_> = paths.map(str::to_owned).collect();
    assert!(paths.len() >= 2, "ldd gave {text:?}");
    paths
}

/// A command that a shell can run without any other program: it prints the marker.
pub(crate) const SHOW: [&str; 3] = ["sh", "-c", "read -r word < /etc/marker; echo \"$word\""];
