//! A guest with all its settings decided and checked. Knows the default of each setting, not how it
//! is applied.

use super::checks::{self, chosen, within};
use super::kernel::{OtherKernel, combined};
use super::placements::{self, Placed};
use super::{Accelerator, Backend, Init, Rollback};
use std::ops::Range;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::pattern::Pattern;
use vm_test_settings::form::{Form, LONGEST_NAME, Refusal};
use vm_test_settings::forward::Forward;
use vm_test_settings::guest::Setting;

/// The built-in guest: a container over the host's own root file system.
pub const HOST: &str = "host";

/// The image that stands for the host's own root file system.
pub const HOST_IMAGE: &str = "host";

/// A guest with all its settings decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its name, which is also its host name.
    pub name: String,
    /// What runs it.
    pub backend: Backend,
    /// What executes the instructions of a VM; the processor, where that is proved to work, if
    /// nobody has chosen.
    pub accelerator: Option<Accelerator>,
    /// Its image.
    pub image: String,
    /// The image that its set-up has made of it, once that is there.
    pub set_up: Option<String>,
    /// A kernel that replaces its image's.
    pub kernel: Option<OtherKernel>,
    /// The kernel modules that its tests need.
    pub modules: Vec<String>,
    /// What its first process is. By default the image decides.
    pub init: Option<Init>,
    /// Its memory, in bytes.
    pub memory: u64,
    /// Its processors.
    pub cpus: u32,
    /// Time limit of a test, in milliseconds.
    pub timeout: u64,
    /// Time limit of the boot of a guest with its own init, in milliseconds.
    pub boot_timeout: u64,
    /// Sizes of its blank disks, in bytes.
    pub disks: Vec<u64>,
    /// Whether it can reach networks outside its own.
    pub outside: bool,
    /// How many network interfaces it has at least, besides loopback.
    pub interfaces: u32,
    /// Its TCP ports that the host has at its loopback.
    pub forward: Vec<Forward>,
    /// Whether an instance is kept when its test fails.
    pub keep: bool,
    /// For how long it is then kept, in milliseconds.
    pub keep_for: u64,
    /// Variables that are forwarded in addition to the defaults.
    pub env: Vec<String>,
    /// Which files of the workspace come back.
    pub export: Vec<Pattern>,
    /// Files and directories of the host that are copied into it.
    pub files: Vec<Placed>,
    /// Directories of the host that it can read.
    pub mounts: Vec<Placed>,
    /// Which of the user's credentials it may see.
    pub expose: Vec<String>,
    /// Devices of the host it may use.
    pub devices: Vec<String>,
    /// How its writes are rolled back, if chosen.
    pub rollback: Option<Rollback>,
    /// Whether root in it is root on the host.
    pub privileged: bool,
}

impl Guest {
    /// Returns a guest with this name and the defaults.
    ///
    /// # Errors
    /// If the name is not valid.
    pub fn new(name: &str) -> Result<Self, Failure> {
        if Form::Name.check(name).is_err() {
            return Err(Failure::new(format!("cannot use {name:?} as the name of a guest")).hint(
                format!(
                    "use 1 to {LONGEST_NAME} ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit"
                ),
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            backend: Backend::Lxc,
            accelerator: None,
            image: HOST_IMAGE.to_owned(),
            set_up: None,
            kernel: None,
            modules: Vec::new(),
            init: None,
            memory: 512 << 20,
            cpus: 1,
            timeout: 60_000,
            boot_timeout: 60_000,
            disks: Vec::new(),
            outside: false,
            interfaces: 0,
            forward: Vec::new(),
            keep: false,
            keep_for: 30 * 60_000,
            env: Vec::new(),
            export: Vec::new(),
            files: Vec::new(),
            mounts: Vec::new(),
            expose: Vec::new(),
            devices: Vec::new(),
            rollback: None,
            privileged: false,
        })
    }

    /// Applies one setting.
    ///
    /// # Errors
    /// If the value is not allowed, or this version does not support it.
    pub fn set(&mut self, setting: &Setting) -> Result<(), Failure> {
        self.decide(setting).map_err(|refusal| {
            let cause = refusal.cause;
            Failure::new(format!("cannot use guest `{}`: {cause}", self.name)).hint(refusal.hint)
        })
    }

    fn decide(&mut self, setting: &Setting) -> Result<(), Refusal> {
        let key = setting.key();
        match setting {
            Setting::Backend(word) => self.backend = chosen(key, word, Backend::named)?,
            Setting::Accelerator(word) => {
                self.accelerator = Some(chosen(key, word, Accelerator::named)?);
            }
            Setting::Image(name) => self.image = name.to_string(),
            Setting::Kernel(text) => self.kernel = Some(checks::kernel(text)?),
            Setting::Modules(names) => self.modules = checks::modules(names)?,
            Setting::Init(word) => self.init = Some(chosen(key, word, Init::named)?),
            Setting::Memory(bytes) => self.memory = within(key, *bytes)?,
            Setting::Cpus(count) => self.cpus = checks::counted(key, *count)?,
            Setting::Network(word) => {
                self.outside = chosen(key, word, |word| either(word, "none", "user"))?;
            }
            Setting::Interfaces(count) => self.interfaces = checks::counted(key, *count)?,
            Setting::Forward(ports) => self.forward = checks::forward(ports)?,
            Setting::Timeout(millis) => self.timeout = within(key, *millis)?,
            Setting::BootTimeout(millis) => self.boot_timeout = within(key, *millis)?,
            Setting::Disks(sizes) => self.disks = checks::disks(key, sizes)?,
            Setting::Keep(word) => {
                self.keep = chosen(key, word, |word| either(word, "never", "on-failure"))?;
            }
            Setting::KeepFor(millis) => self.keep_for = within(key, *millis)?,
            Setting::Env(names) => self.env = checks::owned(names),
            Setting::Export(patterns) => self.export = checks::patterns(patterns)?,
            Setting::Files(list) => self.files = placements::checked(key, list)?,
            Setting::Mounts(list) => self.mounts = placements::checked(key, list)?,
            Setting::Expose(paths) => self.expose = checks::paths(paths)?,
            Setting::Devices(names) => self.devices = checks::devices(names)?,
            Setting::Rollback(word) => self.rollback = Some(chosen(key, word, Rollback::named)?),
            Setting::Privileged(is_so) => self.privileged = *is_so,
        }
        Ok(())
    }

    /// Returns the image with its root and, if that comes from a package, its kernel.
    #[must_use]
    pub fn image_with_kernel(&self) -> String {
        match (&self.kernel, self.backend) {
            (Some(OtherKernel::Package(package)), Backend::Kvm) => combined(&self.image, package),
            _ => self.image.clone(),
        }
    }

    /// Returns the image that its instances start from.
    #[must_use]
    pub fn image_to_start_from(&self) -> String {
        self.set_up
            .clone()
            .unwrap_or_else(|| self.image_with_kernel())
    }

    /// Returns whether it gets something of the host besides the workspace.
    #[must_use]
    pub fn has_inputs(&self) -> bool {
        !self.files.is_empty() || !self.mounts.is_empty()
    }

    /// Returns the numbers of its interfaces that are on a network of their own. With a way out, the
    /// first interface is that.
    #[must_use]
    pub fn own_interfaces(&self) -> Range<u32> {
        u32::from(self.outside)..self.interfaces.max(u32::from(self.outside))
    }

    /// Returns the chosen accelerator.
    #[must_use]
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator.unwrap_or(Accelerator::Auto)
    }

    /// Describes the guest for people.
    #[must_use]
    pub fn description(&self) -> String {
        let root = if self.image == HOST_IMAGE {
            "over the host's root".to_owned()
        } else {
            let set_up = self.set_up.as_ref().map_or("", |_| ", set up");
            format!("image {}{set_up}", self.image_with_kernel())
        };
        let privileged = if self.privileged { ", privileged" } else { "" };
        format!("{} {root}{privileged}", self.backend.name())
    }
}

/// Returns whether a word means yes or no, if it is one of them.
fn either(word: &str, no: &str, yes: &str) -> Option<bool> {
    match word {
        _ if word == no => Some(false),
        _ if word == yes => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
