//! A guest with all its settings decided and checked. Knows the limits of each setting, not how it is applied.

use super::kernel::{OtherKernel, combined};
use super::{Accelerator, Backend, Init, Rollback};
use crate::host::hidden::is_whole;
use vm_test_protocol::daemon::OwnedSetting;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::pattern::Pattern;
use vm_test_settings::quantity::{DURATION, SIZE};

/// The built-in guest: a container over the host's own root file system.
pub const HOST: &str = "host";

/// The image that stands for the host's own root file system.
pub const HOST_IMAGE: &str = "host";

const MEMORY: std::ops::RangeInclusive<u64> = 16 << 20..=1 << 40;
const CPUS: std::ops::RangeInclusive<u32> = 1..=256;
const TIMEOUT: std::ops::RangeInclusive<u64> = 1..=24 * 3_600_000;
const DISK: std::ops::RangeInclusive<u64> = 1 << 20..=1 << 40;
const MOST_DISKS: usize = 8;
const DEVICES: [&str; 3] = ["/dev/net/tun", "/dev/fuse", "loop"];
const NAME_LENGTH: usize = 63;

/// A guest, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its name, which is also its host name.
    pub name: String,
    /// What runs it.
    pub backend: Backend,
    /// What executes the instructions of a VM; the processor, where that is proved to work, if nobody has chosen.
    pub accelerator: Option<Accelerator>,
    /// Its image.
    pub image: String,
    /// A kernel instead of its image's.
    pub kernel: Option<OtherKernel>,
    /// What its first process is; the image's own choice, if nobody has made another.
    pub init: Option<Init>,
    /// Its memory, in bytes.
    pub memory: u64,
    /// Its processors.
    pub cpus: u32,
    /// Time limit of a test, in milliseconds.
    pub timeout: u64,
    /// Time limit of the boot of a guest with an init of its own, in milliseconds.
    pub boot_timeout: u64,
    /// Sizes of its blank disks, in bytes.
    pub disks: Vec<u64>,
    /// Whether it has a way out of its own network.
    pub outside: bool,
    /// Whether an instance stays when its test fails.
    pub keep: bool,
    /// For how long it then stays, in milliseconds.
    pub keep_for: u64,
    /// Variables forwarded besides the defaults.
    pub env: Vec<String>,
    /// Which files of the workspace come back.
    pub export: Vec<Pattern>,
    /// What it may see of the user's credentials.
    pub expose: Vec<String>,
    /// Devices of the host it may use.
    pub devices: Vec<String>,
    /// How its writes are undone, if anybody has chosen.
    pub rollback: Option<Rollback>,
    /// Root in it is root on the host.
    pub privileged: bool,
}

impl Guest {
    /// A guest of this name with the defaults.
    ///
    /// # Errors
    /// If the name is not one.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let first = name.chars().next();
        let valid = first.is_some_and(|c| c.is_ascii_alphanumeric())
            && name.len() <= NAME_LENGTH
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if !valid {
            return Err(Failure::new(format!("cannot use {name:?} as the name of a guest")).hint(
                format!(
                    "use 1 to {NAME_LENGTH} ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit"
                ),
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            backend: Backend::Lxc,
            accelerator: None,
            image: HOST_IMAGE.to_owned(),
            kernel: None,
            init: None,
            memory: 512 << 20,
            cpus: 1,
            timeout: 60_000,
            boot_timeout: 60_000,
            disks: Vec::new(),
            outside: false,
            keep: false,
            keep_for: 30 * 60_000,
            env: Vec::new(),
            export: Vec::new(),
            expose: Vec::new(),
            devices: Vec::new(),
            rollback: None,
            privileged: false,
        })
    }

    /// Decides one setting anew.
    ///
    /// # Errors
    /// If the value is not one of those allowed, or this version cannot do it.
    pub fn set(&mut self, setting: &OwnedSetting) -> Result<(), Failure> {
        let (bytes, time) = (|value| SIZE.show(value), |value| DURATION.show(value));
        match setting {
            OwnedSetting::Backend(value) => match value.as_str() {
                "lxc" => self.backend = Backend::Lxc,
                "kvm" => self.backend = Backend::Kvm,
                other => {
                    return Err(self.no("backend", other, "the backends are \"lxc\" and \"kvm\""));
                }
            },
            OwnedSetting::Accelerator(value) => {
                self.accelerator = Some(match value.as_str() {
                    "auto" => Accelerator::Auto,
                    "kvm" => Accelerator::Kvm,
                    "tcg" => Accelerator::Tcg,
                    other => {
                        return Err(self.no(
                            "accelerator",
                            other,
                            "accelerator is \"auto\", \"kvm\" or \"tcg\"",
                        ));
                    }
                });
            }
            OwnedSetting::Disks(sizes) => {
                if sizes.len() > MOST_DISKS {
                    let cause = format!("it asks for {} disks", sizes.len());
                    return Err(self
                        .cannot("use", &cause)
                        .hint(format!("a VM has at most {MOST_DISKS} blank disks")));
                }
                for &size in sizes {
                    self.within("disk", size, &DISK, &bytes, "from 1M to 1T")?;
                }
                self.disks.clone_from(sizes);
            }
            OwnedSetting::Image(value) => self.image.clone_from(value),
            OwnedSetting::Kernel(value) => {
                let kernel = OtherKernel::named(value);
                let wrong = || self.cannot("use", &format!("{value:?} is not a kernel"));
                self.kernel = Some(kernel.ok_or_else(|| wrong().hint(OtherKernel::HINT))?);
            }
            OwnedSetting::Init(value) => match Init::named(value) {
                Some(init) => self.init = Some(init),
                None => return Err(self.no("init", value, "init is \"agent\" or \"system\"")),
            },
            OwnedSetting::Memory(value) => {
                self.memory = self.within("memory", *value, &MEMORY, &bytes, "from 16M to 1T")?;
            }
            OwnedSetting::Cpus(value) => {
                self.cpus = self.within(
                    "cpus",
                    *value,
                    &CPUS,
                    &|count| count.to_string(),
                    "from 1 to 256",
                )?;
            }
            OwnedSetting::Network(value) => match value.as_str() {
                "none" => self.outside = false,
                "user" => self.outside = true,
                other => return Err(self.no("network", other, "network is \"none\" or \"user\"")),
            },
            OwnedSetting::Timeout(value) => {
                self.timeout =
                    self.within("timeout", *value, &TIMEOUT, &time, "from 1ms to 24h")?;
            }
            OwnedSetting::BootTimeout(value) => {
                self.boot_timeout =
                    self.within("boot_timeout", *value, &TIMEOUT, &time, "from 1ms to 24h")?;
            }
            OwnedSetting::Keep(value) => match value.as_str() {
                "never" => self.keep = false,
                "on-failure" => self.keep = true,
                other => return Err(self.no("keep", other, "keep is \"never\" or \"on-failure\"")),
            },
            OwnedSetting::KeepFor(value) => {
                self.keep_for =
                    self.within("keep_for", *value, &TIMEOUT, &time, "from 1ms to 24h")?;
            }
            OwnedSetting::Env(names) => self.env.clone_from(names),
            OwnedSetting::Export(patterns) => {
                let checked = patterns.iter().map(|text| {
                    Pattern::new(text).map_err(|reason| {
                        self.cannot(
                            "use",
                            &format!("its export {text:?} is not a pattern: {reason}"),
                        )
                        .hint("write one as in export = [\"**/*.snap.new\"]")
                    })
                });
                self.export = checked.collect::<Result<_, _>>()?;
            }
            OwnedSetting::Expose(paths) => {
                if let Some(path) = paths.iter().find(|path| !is_whole(path)) {
                    let cause = format!("its expose {path:?} is relative");
                    return Err(self.cannot("use", &cause).hint("begin it with ~/ or /"));
                }
                self.expose.clone_from(paths);
            }
            OwnedSetting::Devices(names) => {
                if let Some(name) = names.iter().find(|name| !DEVICES.contains(&name.as_str())) {
                    return Err(self
                        .cannot("use", &format!("there is no device {name:?} to give"))
                        .hint(format!(
                            "the devices are {}",
                            DEVICES.map(|d| format!("{d:?}")).join(", ")
                        )));
                }
                self.devices.clone_from(names);
            }
            OwnedSetting::Rollback(value) => match Rollback::named(value) {
                Some(rollback) => self.rollback = Some(rollback),
                None => {
                    return Err(self.no(
                        "rollback",
                        value,
                        "rollback is \"overlay\" or \"snapshot\"",
                    ));
                }
            },
            OwnedSetting::Privileged(value) => self.privileged = *value,
        }
        Ok(())
    }

    /// The image that has its root and, if that comes from a package, its kernel.
    #[must_use]
    pub fn image_with_kernel(&self) -> String {
        match (&self.kernel, self.backend) {
            (Some(OtherKernel::Package(package)), Backend::Kvm) => combined(&self.image, package),
            _ => self.image.clone(),
        }
    }

    /// What executes the instructions, as it was chosen.
    #[must_use]
    pub fn accelerator(&self) -> Accelerator {
        self.accelerator.unwrap_or(Accelerator::Auto)
    }

    /// What the guest is, for people.
    #[must_use]
    pub fn description(&self) -> String {
        let root = if self.image == HOST_IMAGE {
            "over the host's root".to_owned()
        } else {
            format!("image {}", self.image_with_kernel())
        };
        let privileged = if self.privileged { ", privileged" } else { "" };
        let backend = match self.backend {
            Backend::Lxc => "lxc",
            Backend::Kvm => "kvm",
        };
        format!("{backend} {root}{privileged}")
    }

    fn no(&self, what: &str, word: &str, hint: &str) -> Failure {
        let cause = format!("there is no {what} {word:?}");
        self.cannot("use", &cause).hint(hint)
    }

    fn cannot(&self, verb: &str, cause: &str) -> Failure {
        Failure::new(format!("cannot {verb} guest `{}`: {cause}", self.name))
    }

    fn within<T: PartialOrd + Copy>(
        &self,
        key: &str,
        value: T,
        range: &std::ops::RangeInclusive<T>,
        shown: &dyn Fn(T) -> String,
        words: &str,
    ) -> Result<T, Failure> {
        if range.contains(&value) {
            return Ok(value);
        }
        let shown = shown(value);
        Err(self
            .cannot("use", &format!("its {key} of {shown} is out of range"))
            .hint(format!("{key} goes {words}")))
    }
}
