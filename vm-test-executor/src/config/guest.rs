//! A guest with all its settings decided and checked. Knows the limits of each setting, not how it is met.

use super::Init;
use serde::{Deserialize, Serialize};
use vm_test::protocol::daemon::OwnedSetting;
use vm_test::protocol::failure::Failure;

/// The built-in guest: a container over the host's own root file system.
pub const HOST: &str = "host";

/// The image that stands for the host's own root file system.
pub const HOST_IMAGE: &str = "host";

const MEMORY: std::ops::RangeInclusive<u64> = 16 << 20..=1 << 40;
const CPUS: std::ops::RangeInclusive<u32> = 1..=256;
const TIMEOUT: std::ops::RangeInclusive<u64> = 1..=24 * 3_600_000;
const DEVICES: [&str; 3] = ["/dev/net/tun", "/dev/fuse", "loop"];
const NAME_LENGTH: usize = 63;

/// What runs a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// A container.
    Lxc,
}

/// A guest, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its name, which is also its host name.
    pub name: String,
    /// What runs it.
    pub backend: Backend,
    /// Its image.
    pub image: String,
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
    /// Variables forwarded besides the defaults.
    pub env: Vec<String>,
    /// Devices of the host it may use.
    pub devices: Vec<String>,
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
            image: HOST_IMAGE.to_owned(),
            init: None,
            memory: 512 << 20,
            cpus: 1,
            timeout: 60_000,
            boot_timeout: 60_000,
            env: Vec::new(),
            devices: Vec::new(),
            privileged: false,
        })
    }

    /// Decides one setting anew.
    ///
    /// # Errors
    /// If the value is not one of those allowed, or this version cannot do it.
    pub fn set(&mut self, setting: &OwnedSetting) -> Result<(), Failure> {
        match setting {
            OwnedSetting::Backend(value) => match value.as_str() {
                "lxc" => self.backend = Backend::Lxc,
                "kvm" => {
                    return Err(self
                        .cannot("run", "this version has no backend \"kvm\"")
                        .hint("use backend = \"lxc\", unless the test needs a kernel of its own"));
                }
                other => {
                    return Err(self
                        .cannot("use", &format!("there is no backend {other:?}"))
                        .hint("the backends are \"lxc\" and \"kvm\""));
                }
            },
            OwnedSetting::Image(value) => self.image.clone_from(value),
            OwnedSetting::Init(value) => match Init::named(value) {
                Some(init) => self.init = Some(init),
                None => {
                    return Err(self
                        .cannot("use", &format!("there is no init {value:?}"))
                        .hint("init is \"agent\" or \"system\""));
                }
            },
            OwnedSetting::Memory(value) => {
                self.memory = self.within("memory", *value, &MEMORY, "from 16M to 1T")?;
            }
            OwnedSetting::Cpus(value) => {
                self.cpus = self.within("cpus", *value, &CPUS, "from 1 to 256")?;
            }
            OwnedSetting::Network(value) => match value.as_str() {
                "none" => {}
                "user" => {
                    return Err(self
                        .cannot("start", "this version has no network \"user\"")
                        .hint("use network = \"none\": loopback, and what the test makes itself"));
                }
                other => {
                    return Err(self
                        .cannot("use", &format!("there is no network {other:?}"))
                        .hint("network is \"none\" or \"user\""));
                }
            },
            OwnedSetting::Timeout(value) => {
                self.timeout = self.within("timeout", *value, &TIMEOUT, "from 1ms to 24h")?;
            }
            OwnedSetting::BootTimeout(value) => {
                self.boot_timeout =
                    self.within("boot_timeout", *value, &TIMEOUT, "from 1ms to 24h")?;
            }
            OwnedSetting::Env(names) => self.env.clone_from(names),
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
            OwnedSetting::Privileged(value) => self.privileged = *value,
        }
        Ok(())
    }

    /// What the guest is, for people.
    #[must_use]
    pub fn description(&self) -> String {
        let root = if self.image == HOST_IMAGE {
            "over the host's root".to_owned()
        } else {
            format!("image {}", self.image)
        };
        let privileged = if self.privileged { ", privileged" } else { "" };
        format!("lxc {root}{privileged}")
    }

    fn cannot(&self, verb: &str, cause: &str) -> Failure {
        Failure::new(format!("cannot {verb} guest `{}`: {cause}", self.name))
    }

    fn within<T: PartialOrd + Copy + std::fmt::Display>(
        &self,
        key: &str,
        value: T,
        range: &std::ops::RangeInclusive<T>,
        words: &str,
    ) -> Result<T, Failure> {
        if range.contains(&value) {
            return Ok(value);
        }
        Err(self
            .cannot("use", &format!("its {key} of {value} is out of range"))
            .hint(format!("{key} goes {words}")))
    }
}
