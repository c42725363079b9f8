//! Vaurien's behaviors by name, with their options as texts.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::behavior::{
    Abort, Behavior, Blackout, Delay, Dummy, Error, ErrorOptions, Hang, Transient,
};
use crate::protocol::Fault;

/// The names of all behaviors, in Vaurien's order.
pub(super) const NAMES: [&str; 7] = [
    "abort",
    "blackout",
    "delay",
    "dummy",
    "error",
    "hang",
    "transient",
];

/// The options of one behavior, by name.
pub(super) type Settings = BTreeMap<String, String>;

/// The longest wait in seconds: longer ones would overflow clocks.
const LONGEST: f64 = 10.0 * 365.0 * 24.0 * 3_600.0;

/// Returns a behavior with these options.
///
/// # Errors
///
/// Returns what is wrong with its name or its options.
pub(super) fn named(name: &str, settings: &Settings) -> Result<Arc<dyn Behavior>, String> {
    let mut reader = Reader {
        name,
        settings,
        known: Vec::new(),
    };
    let behavior: Arc<dyn Behavior> = match name {
        "abort" => Arc::new(Abort),
        "blackout" => Arc::new(Blackout),
        "dummy" => Arc::new(Dummy),
        "hang" => Arc::new(Hang),
        "delay" => Arc::new(Delay {
            sleep: reader.seconds("sleep", 1.0)?,
            before: reader.flag("before", true)?,
        }),
        "error" => Arc::new(Error::new(reader.error_options()?)),
        "transient" => {
            let agitate = reader.number("agitate", 1)?;
            Arc::new(Transient::new(agitate, reader.error_options()?))
        }
        _ => {
            let names = NAMES.map(|name| format!("'{name}'")).join(", ");
            return Err(format!(
                "'{name}' is an unknown behavior. Pick one of: {names}."
            ));
        }
    };
    reader.refuse_others()?;
    Ok(behavior)
}

/// Reads the options of one behavior.
struct Reader<'a> {
    name: &'a str,
    settings: &'a Settings,
    known: Vec<&'static str>,
}

impl Reader<'_> {
    fn value<T: FromStr>(&mut self, option: &'static str) -> Result<Option<T>, String> {
        self.known.push(option);
        let Some(text) = self.settings.get(option) else {
            return Ok(None);
        };
        let value = text.trim().parse().map(Some);
        value.map_err(|_| self.wrong(option, text))
    }

    fn wrong(&self, option: &str, text: &str) -> String {
        format!("{text:?} is no value of option {option} of '{}'", self.name)
    }

    fn number(&mut self, option: &'static str, default: u64) -> Result<u64, String> {
        Ok(self.value(option)?.unwrap_or(default))
    }

    fn seconds(&mut self, option: &'static str, default: f64) -> Result<Duration, String> {
        let seconds: f64 = self.value(option)?.unwrap_or(default);
        if (0.0..=LONGEST).contains(&seconds) {
            Ok(Duration::from_secs_f64(seconds))
        } else {
            Err(self.wrong(option, &seconds.to_string()))
        }
    }

    fn flag(&mut self, option: &'static str, default: bool) -> Result<bool, String> {
        let Some(text) = self.value::<String>(option)? else {
            return Ok(default);
        };
        match text.to_lowercase().as_str() {
            "y" | "yes" | "1" | "on" | "true" => Ok(true),
            "n" | "no" | "0" | "off" | "false" => Ok(false),
            _ => Err(self.wrong(option, &text)),
        }
    }

    fn error_options(&mut self) -> Result<ErrorOptions, String> {
        // Vaurien has no option for which error it is.
        let code: Option<String> = self.value("code")?;
        let text = self.value("text")?;
        Ok(ErrorOptions {
            fault: code.map(|code| Fault { code, text }),
            inject: self.flag("inject", false)?,
            warmup: self.number("warmup", 0)?,
        })
    }

    fn refuse_others(&self) -> Result<(), String> {
        let mut names = self.settings.keys();
        match names.find(|name| !self.known.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) if self.known.is_empty() => {
                Err(format!("'{}' has no options, and so no {other}", self.name))
            }
            Some(other) => Err(format!(
                "'{}' has no option {other}\nhint: it has {}",
                self.name,
                self.known.join(", ")
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, options: &[(&str, &str)]) -> Result<String, String> {
        let options = options.iter();
        let settings = options
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        named(name, &settings).map(|behavior| behavior.name().to_owned())
    }

    #[test]
    fn every_behavior_is_made_with_its_own_options_only() {
        for name in NAMES {
            assert_eq!(made(name, &[]).as_deref(), Ok(name));
            assert!(made(name, &[("colour", "red")]).is_err(), "{name}");
        }
        assert!(made("delay", &[("sleep", "0.5"), ("before", "False")]).is_ok());
        assert!(made("transient", &[("agitate", "3"), ("warmup", "1")]).is_ok());
        assert!(made("error", &[("code", "503"), ("inject", "on")]).is_ok());
        for sleep in ["-1", "x", "inf", "nan", "1e300"] {
            assert!(made("delay", &[("sleep", sleep)]).is_err(), "{sleep}");
        }
        let unknown = made("hagn", &[]).unwrap_err();
        assert!(unknown.contains("Pick one of: 'abort'"), "{unknown}");
    }
}
