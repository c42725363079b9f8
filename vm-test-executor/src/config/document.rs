//! Reads TOML files that users write: reports the line of a mistake, and suggests the key that was
//! probably meant. Knows no key.

use serde::de::DeserializeOwned;
use std::io::ErrorKind;
use std::path::Path;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// A longer file is refused unread, in bytes.
const LONGEST: u64 = 1 << 20;

/// Reads the text of a file; `if_long` is the hint for a file that is too long.
///
/// # Errors
/// If it cannot be read, is too long, or is not text.
pub fn read(file: &Path, if_long: &str) -> Result<String, Failure> {
    let cannot = |cause: String| Failure::new(format!("cannot read {}: {cause}", file.display()));
    let meta = file.metadata().map_err(|error| {
        let failure = cannot(error.to_string()).because(Tried::File, &error);
        match error.kind() {
            ErrorKind::NotFound => {
                failure.hint("it is a link whose target does not exist: remove or repair it")
            }
            _ => failure,
        }
    })?;
    if !meta.is_file() {
        let cause = if meta.is_dir() {
            "it is a directory"
        } else {
            // Reading a pipe could take forever.
            "it is not a regular file"
        };
        return Err(
            cannot(cause.to_owned()).hint("vm-test reads the file of that name: rename this one")
        );
    }
    let length = meta.len();
    if length > LONGEST {
        let cause = format!("it has {length} bytes, and at most {LONGEST} are read");
        return Err(cannot(cause).hint(if_long));
    }
    let bytes = std::fs::read(file)
        .map_err(|error| cannot(error.to_string()).because(Tried::File, &error))?;
    String::from_utf8(bytes)
        .map_err(|error| cannot(error.to_string()).hint("TOML must be UTF-8 text"))
}

/// Parses the text.
///
/// # Errors
/// Where it is wrong; for an unknown key, with the one that was probably meant.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    toml::from_str(text).map_err(|error| {
        let failure = Failure::new(error.to_string().trim_end());
        match suggestion(error.message()) {
            Some(key) => failure.hint(format!("did you mean `{key}`?")),
            None => failure,
        }
    })
}

/// Returns the key that is most similar to the unknown one in serde's message, if one is similar.
#[must_use]
pub fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted
        .next()
        .filter(|_| message.starts_with("unknown field"))?;
    word::suggestion(unknown, quoted).map(str::to_owned)
}
