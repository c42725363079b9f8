//! What is installed on the host that xtask runs on: commands, libraries, headers, the toolchain's
//! own programs. It only looks, and knows no package.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;

/// How to tell that a package is installed.
///
/// A sign is what the project uses of the package, not the package manager's record: a library
/// built by hand is as good.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sign {
    /// An executable with this name in `PATH` or in one of root's directories of commands.
    Command(&'static str),
    /// A shared library with this name where the loader looks.
    Library(&'static str),
    /// A C header.
    Header(&'static str),
    /// A program of the toolchain, which is not in `PATH`.
    Tool(&'static str),
}

/// Where to look for signs.
pub(crate) struct Machine {
    commands: Vec<PathBuf>,
    libraries: Vec<PathBuf>,
    headers: Vec<PathBuf>,
    tools: Vec<PathBuf>,
}

impl Machine {
    /// Returns the host on which xtask runs.
    pub(crate) fn here() -> Self {
        let mut commands: Vec<PathBuf> = env::var_os("PATH")
            .iter()
            .flat_map(env::split_paths)
            .collect();
        // On Debian an ordinary user's PATH lacks root's directories, and cargo finds its own
        // commands without PATH.
        commands.extend(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
        commands.extend(cargo_home().map(|home| home.join("bin")));
        let libraries = with_folders_of_architectures(&[
            "/usr/local/lib",
            "/usr/lib",
            "/lib",
            "/usr/lib64",
            "/lib64",
        ]);
        let headers = with_folders_of_architectures(&["/usr/local/include", "/usr/include"]);
        Self {
            commands,
            libraries,
            headers,
            tools: folders_of_tools(),
        }
    }

    /// Returns a host that has only what is below a directory.
    #[cfg(test)]
    pub(crate) fn below(root: &Path) -> Self {
        let folder = |name: &str| {
            let path = root.join(name);
            fs::create_dir_all(&path).unwrap();
            vec![path]
        };
        Self {
            commands: folder("bin"),
            libraries: folder("lib"),
            headers: folder("include"),
            tools: folder("tools"),
        }
    }

    /// Returns whether the sign is there.
    pub(crate) fn has(&self, sign: Sign) -> bool {
        let among = |folders: &[PathBuf], name: &str| {
            folders.iter().any(|folder| folder.join(name).exists())
        };
        match sign {
            Sign::Command(name) => self.command(name).is_some(),
            Sign::Library(name) => among(&self.libraries, name),
            Sign::Header(name) => among(&self.headers, name),
            Sign::Tool(name) => among(&self.tools, name),
        }
    }

    /// Returns the path of the executable `name`.
    pub(crate) fn command(&self, name: &str) -> Option<PathBuf> {
        self.commands
            .iter()
            .map(|folder| folder.join(name))
            .find(|path| is_executable(path))
    }
}

/// Returns the directories of the toolchain's programs, one for each target.
fn folders_of_tools() -> Vec<PathBuf> {
    let sysroot = command::capture(Command::new("rustc").args(["--print", "sysroot"]));
    let folder = sysroot.map(|it| Path::new(it.trim()).join("lib/rustlib"));
    let targets = folder.ok().and_then(|folder| fs::read_dir(folder).ok());
    let targets = targets.into_iter().flatten().flatten();
    targets.map(|target| target.path().join("bin")).collect()
}

/// Returns cargo's home: as configured, or the default.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let default = || env::home_dir().map(|home| home.join(".cargo"));
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(default)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// Adds Debian's directories for an architecture, such as `x86_64-linux-gnu`, which contain
/// libraries and some headers.
fn with_folders_of_architectures(folders: &[&str]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in folders.iter().map(PathBuf::from) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        all.extend(entries.map(|entry| entry.path()).filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.contains("-linux-"))
        }));
        all.push(folder);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_executed_is_no_command() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::below(root.path());
        let nft = root.path().join("bin/nft");
        fs::write(&nft, "").unwrap();
        assert_eq!(machine.command("nft"), None);
        fs::set_permissions(&nft, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(machine.command("nft"), Some(nft));
    }
}
