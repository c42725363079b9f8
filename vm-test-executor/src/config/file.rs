//! `vm-test.toml` at the root of a workspace: which guests there are. Reads one file; knows nothing of sites.

use super::guest::{Guest, HOST};
use super::kernel::OtherKernel;
use super::{document, quantity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use vm_test::protocol::daemon::OwnedSetting;
use vm_test::protocol::failure::Failure;

/// The name of the file.
pub const FILE: &str = "vm-test.toml";

/// The guests of a workspace.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where relative paths start.
    directory: PathBuf,
    file: Option<PathBuf>,
    guests: BTreeMap<String, GuestTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    guest: BTreeMap<String, GuestTable>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestTable {
    backend: Option<String>,
    accelerator: Option<String>,
    image: Option<String>,
    kernel: Option<String>,
    init: Option<String>,
    memory: Option<String>,
    cpus: Option<u32>,
    network: Option<String>,
    timeout: Option<String>,
    boot_timeout: Option<String>,
    disks: Option<Vec<String>>,
    keep: Option<String>,
    keep_for: Option<String>,
    env: Option<Vec<String>>,
    export: Option<Vec<String>>,
    devices: Option<Vec<String>>,
    rollback: Option<String>,
    privileged: Option<bool>,
}

impl Workspace {
    /// Reads the nearest file in `directory` or above it; without one, only the built-in guests are known.
    ///
    /// # Errors
    /// If the file cannot be read or is wrong anywhere.
    pub fn find(directory: &Path) -> Result<Self, Failure> {
        let found = directory
            .ancestors()
            .map(|dir| dir.join(FILE))
            .find(|file| file.is_file());
        match found {
            Some(file) => Self::read(file),
            None => Ok(Self {
                directory: directory.to_path_buf(),
                ..Self::default()
            }),
        }
    }

    fn read(file: PathBuf) -> Result<Self, Failure> {
        let text = document::read(&file, "it only declares guests")?;
        let document: Document = document::parse(&text).map_err(|failure| Failure {
            message: format!("cannot read {}: {}", file.display(), failure.message),
            ..failure
        })?;
        let workspace = Self {
            guests: document.guest,
            directory: file.parent().unwrap_or(Path::new("/")).to_path_buf(),
            file: Some(file),
        };
        for name in workspace.guests.keys() {
            workspace.guest(name, &[])?;
        }
        Ok(workspace)
    }

    /// The names of the guests that the file declares.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.guests.keys().map(String::as_str)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Decides a guest: its defaults, then the file, then `settings`.
    ///
    /// # Errors
    /// If there is no such guest, or a setting is wrong.
    pub fn guest(&self, name: &str, settings: &[OwnedSetting]) -> Result<Guest, Failure> {
        let mut guest = Guest::new(name)?;
        match (self.guests.get(name), &self.file) {
            (Some(table), Some(file)) => {
                for setting in table.settings().map_err(|cause| {
                    Failure::new(format!(
                        "cannot use guest `{name}` of {}: {cause}",
                        file.display()
                    ))
                })? {
                    guest.set(&setting).map_err(|failure| Failure {
                        message: format!("{} (in {})", failure.message, file.display()),
                        ..failure
                    })?;
                }
            }
            _ if name == HOST => {}
            _ => return Err(self.unknown(name)),
        }
        for setting in settings {
            guest.set(setting)?;
        }
        if let Some(OtherKernel::File(path)) = &mut guest.kernel {
            *path = self.directory.join(&path);
        }
        Ok(guest)
    }

    fn unknown(&self, name: &str) -> Failure {
        let mut names: Vec<_> = self.guests.keys().map(String::as_str).collect();
        if !names.contains(&HOST) {
            names.push(HOST);
        }
        let place = self.file.as_ref().map_or_else(
            || format!("there is no {FILE} here or above"),
            |file| format!("{} does not declare it", file.display()),
        );
        let known = names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>();
        Failure::new(format!("cannot find guest `{name}`: {place}")).hint(format!(
            "the guests are {}; declare another as [guest.{name}] in {FILE} at the workspace's root",
            known.join(", ")
        ))
    }
}

impl GuestTable {
    fn settings(&self) -> Result<Vec<OwnedSetting>, String> {
        let size =
            |text: &String| quantity::bytes(text).map_err(|cause| format!("memory: {cause}"));
        let time = |key: &str, text: &Option<String>| {
            let millis = text.as_deref().map(quantity::millis).transpose();
            millis.map_err(|cause| format!("{key}: {cause}"))
        };
        let disks = self
            .disks
            .iter()
            .flatten()
            .map(|text| quantity::bytes(text).map_err(|cause| format!("disks: {cause}")))
            .collect::<Result<Vec<_>, _>>()?;
        let disks = self.disks.is_some().then_some(disks);
        let settings = [
            self.backend.clone().map(OwnedSetting::Backend),
            self.accelerator.clone().map(OwnedSetting::Accelerator),
            self.image.clone().map(OwnedSetting::Image),
            self.kernel.clone().map(OwnedSetting::Kernel),
            self.init.clone().map(OwnedSetting::Init),
            self.memory
                .as_ref()
                .map(size)
                .transpose()?
                .map(OwnedSetting::Memory),
            self.cpus.map(OwnedSetting::Cpus),
            self.network.clone().map(OwnedSetting::Network),
            time("timeout", &self.timeout)?.map(OwnedSetting::Timeout),
            time("boot_timeout", &self.boot_timeout)?.map(OwnedSetting::BootTimeout),
            disks.map(OwnedSetting::Disks),
            self.keep.clone().map(OwnedSetting::Keep),
            time("keep_for", &self.keep_for)?.map(OwnedSetting::KeepFor),
            self.env.clone().map(OwnedSetting::Env),
            self.export.clone().map(OwnedSetting::Export),
            self.devices.clone().map(OwnedSetting::Devices),
            self.rollback.clone().map(OwnedSetting::Rollback),
            self.privileged.map(OwnedSetting::Privileged),
        ];
        Ok(settings.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(text: &str) -> Result<Workspace, Failure> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), text).unwrap();
        Workspace::find(dir.path())
    }

    #[test]
    fn the_file_is_over_the_defaults_and_the_site_over_the_file() {
        let workspace = workspace("[guest.worker-1]\nmemory = \"1G\"\ntimeout = \"5m\"\n").unwrap();
        let guest = workspace
            .guest("worker-1", &[OwnedSetting::Timeout(1000)])
            .unwrap();
        assert_eq!(
            (guest.memory, guest.timeout, guest.cpus),
            (1 << 30, 1000, 1)
        );
    }

    #[test]
    fn mistakes_are_named_with_their_cure() {
        let error = workspace("[guest.a]\nmemroy = \"1G\"\n").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `memory`?"));
        assert!(error.message.contains("line 2"), "{error}");
        for (text, words) in [
            ("[guest.a]\nmemory = \"1\"\n", "memory: `1` is not a size"),
            (
                "[guest.a]\nmemory = \"2T\"\n",
                "its memory of 2199023255552 is out of range",
            ),
            (
                "[guest.a]\ntimeout = \"0s\"\n",
                "its timeout of 0 is out of range",
            ),
            (
                "[guest.a]\nbackend = \"qemu\"\n",
                "there is no backend \"qemu\"",
            ),
            (
                "[guest.\"../x\"]\n",
                "cannot use \"../x\" as the name of a guest",
            ),
            (
                "[guest.a]\ndevices = [\"/dev/sda\"]\n",
                "there is no device \"/dev/sda\" to give",
            ),
        ] {
            let error = workspace(text).unwrap_err();
            assert!(error.message.contains(words), "{text} gave {error}");
        }
    }

    #[test]
    fn an_undeclared_guest_is_refused_with_the_names_there_are() {
        let error = workspace("[guest.a]\n")
            .unwrap()
            .guest("b", &[])
            .unwrap_err();
        assert!(
            error
                .hint
                .unwrap()
                .starts_with("the guests are `a`, `host`;")
        );
        assert!(workspace("").unwrap().guest(HOST, &[]).is_ok());
    }
}
