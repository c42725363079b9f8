//! The initramfs of a VM: the agent, what it needs to run, and the modules for its disks.
//!
//! Writes an archive; does not know what the agent does.

use super::cpio::Writer;
use super::files::Machine;
use crate::image::boot::assembly::{MODULES, ORDER};
use crate::image::layer::digest::Digest;
use crate::image::store::{Artifact, Lasting, Store, artifact, fingerprint};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_sys::elf;

/// Increment when the same agent and modules would give another archive.
const FORMAT: &[u8] = b"vm-test initramfs 2";

/// The prefix of their keys.
const PREFIX: &str = "initramfs-";

/// How many unused archives are kept.
const KEPT: usize = 8;

/// The file name of the archive.
const FILE: &str = "initramfs.cpio";

/// The directory of the libraries in the archive; every loader looks there, or is told to.
const LIBRARIES: &str = "lib";

/// An archive that is not removed while this value lives.
#[derive(Debug)]
pub struct Initramfs {
    artifact: Artifact,
    key: String,
}

impl Initramfs {
    /// Returns an archive with `agent` as `/init`.
    ///
    /// It also holds the agent's `libraries` by the names they are looked up by (including the
    /// loader), the modules as `/modules/NAME.ko`, and their names in loading order in
    /// `/modules/order`.
    ///
    /// # Errors
    /// If a file cannot be read, or the archive cannot be written.
    pub fn of(
        store: &Store,
        machine: &Machine,
        agent: &Path,
        libraries: &BTreeMap<String, PathBuf>,
    ) -> Result<Self, Failure> {
        let cannot = |error: io::Error| {
            Failure::new(format!(
                "cannot make the initramfs of a VM with {}: {error}",
                agent.display()
            ))
        };
        let mut parts = vec![FORMAT.to_vec(), machine.key().as_bytes().to_vec()];
        parts.push(fingerprint::until_reboot());
        for (name, path) in [("", agent)].into_iter().chain(
            libraries
                .iter()
                .map(|(name, path)| (name.as_str(), path.as_path())),
        ) {
            parts.push(name.as_bytes().to_vec());
            parts.push(fingerprint::of_file(path).map_err(cannot)?);
        }
        let hash = Digest::of_parts(parts.iter().map(Vec::as_slice));
        let key = format!("{PREFIX}{}", hash.key());
        let artifact = artifact::obtain(
            store,
            &key,
            Lasting::UntilReboot,
            || (),
            |aside| {
                artifact::forget_oldest(store, PREFIX, KEPT)?;
                let path = aside.join(FILE);
                let write = || -> io::Result<()> {
                    let target = BufWriter::new(File::create(&path)?);
                    write(target, machine, agent, libraries)?;
                    fs::set_permissions(&path, Permissions::from_mode(0o444))
                };
                write().map_err(cannot)
            },
        )?;
        Ok(Self { artifact, key })
    }

    /// Returns the key of all inputs.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the directory with the archive.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.artifact.directory
    }

    /// Returns the archive's path.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.artifact.directory.join(FILE)
    }
}

fn write(
    target: impl Write,
    machine: &Machine,
    agent: &Path,
    libraries: &BTreeMap<String, PathBuf>,
) -> io::Result<()> {
    let mut archive = Writer::new(target);
    let mut made = BTreeSet::new();
    for directory in ["dev", "proc", "sys", "newroot", LIBRARIES, MODULES] {
        archive.directory(directory)?;
        made.insert(PathBuf::from(directory));
    }
    // Without them init has no output, if the kernel's built-in archive lacks them.
    archive.device("dev/console", (5, 1))?;
    archive.device("dev/null", (1, 3))?;
    archive.link("lib64", LIBRARIES)?;
    made.insert("lib64".into());
    // The rest, such as debug information, would take up memory of every VM.
    let length = elf::loaded_length(agent)?;
    archive.file("init", 0o755, length, File::open(agent)?.take(length))?;
    for (name, path) in libraries {
        add_file(&mut archive, &format!("{LIBRARIES}/{name}"), 0o755, path)?;
    }
    // The program names its loader by path; some systems keep it and the libraries at other paths.
    let loader = elf::needs(agent)?.loader;
    let own = loader.iter().chain(libraries.values());
    for path in own {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        add_link(&mut archive, &mut made, path, name)?;
    }
    for path in machine.modules() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        add_file(&mut archive, &format!("{MODULES}/{name}"), 0o444, &path)?;
    }
    let order = machine.directory().join(MODULES).join(ORDER);
    add_file(&mut archive, &format!("{MODULES}/{ORDER}"), 0o444, &order)?;
    archive.finish()?.flush()
}

/// Adds a link from a library's path on the host to its path in the archive, if they differ.
fn add_link(
    archive: &mut Writer<impl Write>,
    made: &mut BTreeSet<PathBuf>,
    path: &Path,
    name: &str,
) -> io::Result<()> {
    let Ok(relative) = path.strip_prefix("/") else {
        return Ok(());
    };
    let parent = relative.parent().unwrap_or(Path::new(""));
    if [LIBRARIES, "lib64"]
        .iter()
        .any(|home| parent == Path::new(home))
    {
        return Ok(());
    }
    let mut directories: Vec<_> = parent
        .ancestors()
        .filter(|it| *it != Path::new(""))
        .collect();
    directories.reverse();
    for directory in directories {
        if made.insert(directory.to_path_buf()) {
            archive.directory(&directory.to_string_lossy())?;
        }
    }
    if made.insert(relative.to_path_buf()) {
        let target = format!("/{LIBRARIES}/{name}");
        archive.link(&relative.to_string_lossy(), &target)?;
    }
    Ok(())
}

fn add_file(
    archive: &mut Writer<impl Write>,
    name: &str,
    permissions: u32,
    path: &Path,
) -> io::Result<()> {
    let mut add = || -> io::Result<()> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        archive.file(name, permissions, length, file)
    };
    add().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
