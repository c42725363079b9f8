//! What Vaurien's command line and file say, with its defaults. It starts nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::behaviors::{NAMES, Settings};
use super::ini;
use super::statsd::StatsdOptions;
use crate::file;

/// Keys of Vaurien that say how it works inside: they are understood and change nothing.
const WITHOUT_EFFECT: [&str; 7] = [
    "bufsize",
    "timeout",
    "stay_connected",
    "pool_max_size",
    "pool_timeout",
    "sync",
    "backlog",
];

/// The same of its protocols.
const WITHOUT_EFFECT_OF_PROTOCOLS: [&str; 3] = ["reuse_socket", "buffer", "keep_alive"];

/// Something that Vaurien's user has asked for and cannot get.
#[derive(Debug, Error)]
pub enum OptionsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not, or what is wrong in it.
        cause: String,
    },
    /// A value or a key is wrong.
    #[error("cannot use {key}: {cause}")]
    Key {
        /// The key, with its section.
        key: String,
        /// What is wrong.
        cause: String,
    },
}

/// How the proxy is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Where it listens.
    pub proxy: String,
    /// Where it connects to.
    pub backend: String,
    /// Behaviors with percentages.
    pub behavior: String,
    /// The protocol's name.
    pub protocol: String,
    /// Whether it has an HTTP API.
    pub http: bool,
    /// Where the API listens.
    pub http_host: String,
    /// The port of the API.
    pub http_port: u16,
    /// What decides random choices; if there is none, each run has its own.
    pub seed: Option<u64>,
    pub(super) statsd_enabled: bool,
    pub(super) statsd: StatsdOptions,
    /// Options of behaviors, by the behavior's name.
    pub(super) settings: BTreeMap<String, Settings>,
    /// What was asked for and has no effect.
    pub(super) without_effect: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            proxy: "localhost:8000".to_owned(),
            backend: "localhost:80".to_owned(),
            behavior: "100:dummy".to_owned(),
            protocol: "tcp".to_owned(),
            http: false,
            http_host: "localhost".to_owned(),
            http_port: 8080,
            seed: None,
            statsd_enabled: false,
            statsd: StatsdOptions {
                address: ("localhost".to_owned(), 8125),
                prefix: "vaurien".to_owned(),
                sample_rate: 1.0,
            },
            settings: BTreeMap::new(),
            without_effect: Vec::new(),
        }
    }
}

impl Options {
    /// Reads a file of Vaurien. What it says counts more than what was said before, as in Vaurien.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or says something that has no meaning.
    pub fn read_file(&mut self, path: &Path) -> Result<(), OptionsError> {
        let wrong = |cause: String| OptionsError::File {
            path: path.to_owned(),
            cause,
        };
        let text = file::read(path, ini::LARGEST).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
        let values = ini::read(&text, |name| std::env::var(name).ok()).map_err(wrong)?;
        for ((section, key), value) in values {
            self.set(&section, &key, &value)?;
        }
        Ok(())
    }

    /// Sets one value, named as in a file: section `behavior:delay`, key `sleep`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such key, or if it has no such value.
    pub fn set(&mut self, section: &str, key: &str, value: &str) -> Result<(), OptionsError> {
        let set = match section.split_once(':') {
            Some(("behavior", name)) => self.set_of_behavior(name, key, value),
            Some(("protocol", _)) => self.set_of_protocol(section, key, value),
            None if section == "statsd" => self.set_of_statsd(key, value),
            None if section == "vaurien" => self.set_own(key, value),
            _ => Err("there is no such section".to_owned()),
        };
        set.map_err(|cause| OptionsError::Key {
            key: format!("{section}.{key}"),
            cause,
        })
    }

    fn set_own(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "proxy" => value.clone_into(&mut self.proxy),
            "backend" => value.clone_into(&mut self.backend),
            "behavior" => value.clone_into(&mut self.behavior),
            "protocol" => value.clone_into(&mut self.protocol),
            "http" => self.http = flag(value)?,
            "http_host" => value.clone_into(&mut self.http_host),
            "http_port" => self.http_port = number(value)?,
            "seed" => self.seed = Some(number(value)?),
            key if WITHOUT_EFFECT.contains(&key) => self.without_effect.push(key.to_owned()),
            _ => return Err("Vaurien has no such option".to_owned()),
        }
        Ok(())
    }

    fn set_of_statsd(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "enabled" => self.statsd_enabled = flag(value)?,
            "host" => value.clone_into(&mut self.statsd.address.0),
            "port" => self.statsd.address.1 = number(value)?,
            "prefix" => value.clone_into(&mut self.statsd.prefix),
            "sample_rate" => {
                let rate: f64 = number(value)?;
                if !(0.0..=1.0).contains(&rate) {
                    return Err(format!("{value:?} is not from 0 to 1"));
                }
                self.statsd.sample_rate = rate;
            }
            _ => return Err("Vaurien has no such option".to_owned()),
        }
        Ok(())
    }

    fn set_of_behavior(&mut self, name: &str, key: &str, value: &str) -> Result<(), String> {
        if key == "callable" {
            return Err("classes of Python cannot be loaded".to_owned());
        }
        if !NAMES.contains(&name) {
            return Err(format!("there is no behavior {name}: {}", NAMES.join(", ")));
        }
        let settings = self.settings.entry(name.to_owned()).or_default();
        settings.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn set_of_protocol(&mut self, section: &str, key: &str, value: &str) -> Result<(), String> {
        match key {
            "overwrite_host_header" if flag(value)? => {
                Err("requests are passed on as they are".to_owned())
            }
            "overwrite_host_header" => Ok(()),
            key if WITHOUT_EFFECT_OF_PROTOCOLS.contains(&key) => {
                self.without_effect.push(format!("{section}.{key}"));
                Ok(())
            }
            "callable" => Err("classes of Python cannot be loaded".to_owned()),
            _ => Err("Vaurien has no such option".to_owned()),
        }
    }
}

fn flag(value: &str) -> Result<bool, String> {
    match value.to_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "on" => Ok(true),
        "false" | "0" | "no" | "n" | "off" => Ok(false),
        _ => Err(format!("{value:?} is neither true nor false")),
    }
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    let number = value.trim().parse();
    number.map_err(|_| format!("{value:?} is no such number"))
}
