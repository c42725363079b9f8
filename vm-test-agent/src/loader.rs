//! Which loader starts a program of the host in this guest: the guest's own if its C library is new
//! enough, else the host's.

use super::libraries;
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::{AGENT_PATH, LIBRARIES};
use vm_test_sys::elf::{self, Version};

/// The first version whose loader can be told a program's name.
const NAMES_PROGRAMS: Version = Version(2, 33);

/// Where the real files of wrapped programs are.
const BINARIES: &str = "/run/vm-test/bin";

/// How a program is started.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// Directly.
    Directly,
    /// By a loader brought from the host, with the libraries beside it.
    By(PathBuf),
}

/// Returns a command line that starts here, given one whose word at this index is a program of the
/// host.
pub(super) fn words(mut words: Vec<OsString>, number: usize) -> Result<Vec<OsString>, String> {
    let Some(program) = words.get(number) else {
        return Ok(words);
    };
    if let Start::By(loader) = for_program(Path::new(program))? {
        let options = loader_options(&program.to_string_lossy());
        let before = options.into_iter().map(OsString::from);
        words.splice(
            number..number,
            [loader.into_os_string()].into_iter().chain(before),
        );
    }
    Ok(words)
}

/// Returns a command line that starts the agent's own program again.
///
/// In a VM its file does not tell what it needs; the libraries brought with it suffice.
pub(super) fn words_of_agent(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let offered = |library: PathBuf| elf::offered(&library).ok().flatten();
    let brought = offered(Path::new(LIBRARIES).join("libc.so.6"));
    let own = libraries::c_library().and_then(offered);
    let mut words = Vec::new();
    if let Some(loader) = brought_loader().filter(|_| own < brought) {
        let options = loader_options(AGENT_PATH);
        words.push(loader.into_os_string());
        words.extend(options.into_iter().map(OsString::from));
    }
    words.push(AGENT_PATH.into());
    words.extend(arguments);
    words
}

/// Returns the loader that was brought with the agent.
pub(super) fn brought_loader() -> Option<PathBuf> {
    let mut libraries = fs::read_dir(LIBRARIES).ok()?;
    libraries.find_map(|entry| Some(entry.ok()?.path()).filter(|path| is_loader(path)))
}

/// Returns whether a file is a loader, by its name.
pub(super) fn is_loader(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_bytes().starts_with(b"ld-"))
}

/// Returns the loader's own options, which precede the program.
fn loader_options(program: &str) -> Vec<String> {
    let mut options = vec!["--library-path".to_owned(), LIBRARIES.to_owned()];
    let library = Path::new(LIBRARIES).join("libc.so.6");
    if elf::offered(&library).ok().flatten() >= Some(NAMES_PROGRAMS) {
        options.extend(["--argv0".to_owned(), program.to_owned()]);
    }
    options
}

/// Makes the package's binaries executable here: the test finds them at their own paths and starts
/// them directly.
pub(super) fn wrap_binaries(environment: &[(Vec<u8>, Vec<u8>)]) {
    let binaries = environment
        .iter()
        .filter(|(name, _)| name.starts_with(b"CARGO_BIN_EXE_"))
        .map(|(_, path)| Path::new(OsStr::from_bytes(path)));
    for binary in binaries {
        if let Ok(Start::By(loader)) = for_program(binary) {
            // A binary that cannot be wrapped reports what it lacks when it is started.
            let _ = wrap(binary, &loader);
        }
    }
}

/// Replaces a program by a script that starts it with the loader.
fn wrap(binary: &Path, loader: &Path) -> io::Result<()> {
    let name = binary.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(BINARIES)?;
    let script = Path::new(BINARIES).join(name);
    let real = script.with_extension("real");
    fs::write(&real, "")?;
    mount_bind(binary, &real)?;
    // Otherwise what is mounted over the binary would appear here, too.
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

/// Returns how the program is started here, or why it cannot be.
fn for_program(program: &Path) -> Result<Start, String> {
    if !Path::new(LIBRARIES).is_dir() {
        // The guest consists of the host's own files.
        return Ok(Start::Directly);
    }
    let needs = match elf::needs(program) {
        Ok(needs) => needs,
        // A script, or something that the kernel will report.
        Err(_) => return Ok(Start::Directly),
    };
    let Some(loader) = &needs.loader else {
        return Ok(Start::Directly);
    };
    let lack = libraries::lacked_by(&needs);
    let glibc = needs.glibc.max(lack.glibc);
    let own = libraries::c_library().and_then(|path| elf::offered(&path).ok().flatten());
    if loader.is_file() && glibc <= own && !lack.c_library {
        libraries::provide(&lack).map_err(|error| {
            format!(
                "cannot bring the libraries of {}: {error}",
                program.display()
            )
        })?;
        return Ok(Start::Directly);
    }
    let brought = loader
        .file_name()
        .map(|name| Path::new(LIBRARIES).join(name));
    match brought.filter(|path| path.is_file()) {
        Some(loader) => Ok(Start::By(loader)),
        None => Err(too_new(program, glibc, own)),
    }
}

fn too_new(program: &Path, needed: Option<Version>, own: Option<Version>) -> String {
    format!(
        "{} needs {}, and the guest has {}; build it for an older system, or statically",
        program.display(),
        words_for(needed),
        words_for(own),
    )
}

fn words_for(version: Option<Version>) -> String {
    version.map_or_else(
        || "no GNU C library".to_owned(),
        |version| format!("GLIBC_{version}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_cannot_start_is_told_by_both_versions() {
        let words = too_new(Path::new("/t"), Some(Version(2, 36)), Some(Version(2, 31)));
        assert_eq!(
            words,
            "/t needs GLIBC_2.36, and the guest has GLIBC_2.31; build it for an older system, or statically"
        );
        let words = too_new(Path::new("/t"), Some(Version(2, 36)), None);
        assert!(
            words.contains(", and the guest has no GNU C library; "),
            "{words}"
        );
    }

    #[test]
    fn where_nothing_came_along_the_words_stay_as_they_are() {
        let words = ["gdb", "--args", "/bin/sh"].map(OsString::from).to_vec();
        for number in 0..=words.len() {
            assert_eq!(super::words(words.clone(), number), Ok(words.clone()));
        }
    }
}
