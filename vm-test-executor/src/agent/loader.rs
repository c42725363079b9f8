//! Which loader starts a program of the host in this guest: the guest's own, if its C library is new enough, else the one
//! that came along.

use crate::elf::{self, Version};
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test::protocol::LIBRARIES;

/// Where C libraries are, besides what `/etc/ld.so.conf` adds.
const PLACES: [&str; 8] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

/// Since this version the loader can be told a program's name.
const NAMES_PROGRAMS: Version = Version(2, 33);

/// Where programs with a loader that came along have their real files.
const BINARIES: &str = "/run/vm-test/bin";

/// How a program starts.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// As it is.
    Directly,
    /// By a loader that came along, with the libraries beside it.
    By(PathBuf),
}

/// The command that starts a program of the host here.
pub(super) fn command(program: &str) -> Result<Command, String> {
    match for_program(Path::new(program))? {
        Start::Directly => Ok(Command::new(program)),
        Start::By(loader) => {
            let mut command = Command::new(&loader);
            command.args(loader_options(program)).arg(program);
            Ok(command)
        }
    }
}

/// The loader's own options before the program.
fn loader_options(program: &str) -> Vec<String> {
    let mut options = vec!["--library-path".to_owned(), LIBRARIES.to_owned()];
    let library = Path::new(LIBRARIES).join("libc.so.6");
    if elf::offered(&library).ok().flatten() >= Some(NAMES_PROGRAMS) {
        options.extend(["--argv0".to_owned(), program.to_owned()]);
    }
    options
}

/// Has the package's binaries start here, too: the test finds them at their own paths, and starts them as they are.
pub(super) fn wrap_binaries(environment: &[(Vec<u8>, Vec<u8>)]) {
    let binaries = environment
        .iter()
        .filter(|(name, _)| name.starts_with(b"CARGO_BIN_EXE_"))
        .map(|(_, path)| Path::new(OsStr::from_bytes(path)));
    for binary in binaries {
        if let Ok(Start::By(loader)) = for_program(binary) {
            // A binary that cannot be wrapped says itself what it lacks when it is started.
            let _ = wrap(binary, &loader);
        }
    }
}

/// Puts a script in place of a program, which starts the program with the loader.
fn wrap(binary: &Path, loader: &Path) -> io::Result<()> {
    let name = binary.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(BINARIES)?;
    let script = Path::new(BINARIES).join(name);
    let real = script.with_extension("real");
    fs::write(&real, "")?;
    mount_bind(binary, &real)?;
    // Else what is mounted over the binary would appear here, too.
    mount_change(&real, MountPropagationFlags::PRIVATE)?;
    let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let words: Vec<_> = loader_options(&binary.to_string_lossy())
        .iter()
        .map(|option| quote(option))
        .collect();
    let text = format!(
        "#!/bin/sh\nexec {} {} {} \"$@\"\n",
        quote(&loader.to_string_lossy()),
        words.join(" "),
        quote(&real.to_string_lossy())
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    mount_bind(&script, binary)?;
    Ok(())
}

/// How the program starts here, or why it cannot.
fn for_program(program: &Path) -> Result<Start, String> {
    if !Path::new(LIBRARIES).is_dir() {
        // The guest is made of the host's own files.
        return Ok(Start::Directly);
    }
    let needs = match elf::needs(program) {
        Ok(needs) => needs,
        // A script, or something the kernel will name.
        Err(_) => return Ok(Start::Directly),
    };
    let Some(loader) = needs.loader else {
        return Ok(Start::Directly);
    };
    let own = guests_glibc();
    if loader.is_file() && needs.glibc <= own {
        return Ok(Start::Directly);
    }
    let brought = loader
        .file_name()
        .map(|name| Path::new(LIBRARIES).join(name));
    match brought.filter(|path| path.is_file()) {
        Some(loader) => Ok(Start::By(loader)),
        None => Err(format!(
            "{} needs {}, and the guest has {}; build it for an older system, or statically",
            program.display(),
            words(needs.glibc),
            words(own),
        )),
    }
}

fn words(version: Option<Version>) -> String {
    version.map_or_else(
        || "no GNU C library".to_owned(),
        |version| format!("GLIBC_{version}"),
    )
}

/// The newest version that the guest's own C library offers.
fn guests_glibc() -> Option<Version> {
    PLACES
        .iter()
        .map(|dir| Path::new(dir).join("libc.so.6"))
        .find(|path| fs::metadata(path).is_ok())
        .and_then(|path| elf::offered(&path).ok().flatten())
}
