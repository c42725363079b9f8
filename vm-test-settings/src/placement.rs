//! Paths of the host that appear at other paths in a guest. Checks how they are written, not what is
//! there.

use crate::refusal::Refusal;
use std::borrow::Cow;
use std::path::{Component, Path};

/// A path of the host, and the one that the guest has it at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Placement {
    /// The path on the host; a relative one starts at the directory of `vm-test.toml`.
    pub from: Cow<'static, str>,
    /// The absolute path in the guest.
    pub to: Cow<'static, str>,
}

/// How many placements a setting has at most.
pub const MOST_PLACEMENTS: usize = 16;

/// Directories of a guest that its kernel, or the program that starts it, fills.
const OF_THE_KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

const HINT_FROM: &str = "name a file or directory of the host: an absolute path, or one that starts at the directory of vm-test.toml";
const HINT_TO: &str = "write an absolute path of the guest without `..`, as in `\"/srv/data\"`";

impl Placement {
    /// Checks both paths.
    ///
    /// # Errors
    /// If one of them cannot be used.
    pub fn check(&self) -> Result<(), Refusal> {
        check_from(&self.from)?;
        check_to(&self.to)
    }
}

/// Checks a path of the host.
///
/// # Errors
/// If it is empty, contains a zero byte, or begins with `~`.
pub fn check_from(text: &str) -> Result<(), Refusal> {
    let refuse = |cause: String| Err(Refusal::new(cause, HINT_FROM));
    if text.is_empty() {
        refuse("`from` is empty".to_owned())
    } else if text.contains('\0') {
        refuse("a zero byte is not allowed in a path".to_owned())
    } else if text.starts_with('~') {
        let shown = text.escape_debug();
        refuse(format!("`{shown}` begins with `~`, which is no home here"))
    } else {
        Ok(())
    }
}

/// Checks a path of a guest.
///
/// # Errors
/// If it is relative, contains `..` or a zero byte, is the root, or is in a directory that the
/// kernel fills.
pub fn check_to(text: &str) -> Result<(), Refusal> {
    let refuse = |cause: String| Err(Refusal::new(cause, HINT_TO));
    let (shown, path) = (text.escape_debug(), Path::new(text));
    let kernels = OF_THE_KERNEL.iter().find(|dir| path.starts_with(dir));
    if text.is_empty() {
        refuse("`to` is empty".to_owned())
    } else if text.contains('\0') {
        refuse("a zero byte is not allowed in a path".to_owned())
    } else if !path.is_absolute() {
        refuse(format!("`{shown}` is relative"))
    } else if path.components().any(|part| part == Component::ParentDir) {
        refuse(format!("`{shown}` contains `..`"))
    } else if path.parent().is_none() {
        refuse(format!("`{shown}` is the root of the guest"))
    } else if let Some(dir) = kernels {
        refuse(format!(
            "`{shown}` is in `{dir}`, which every guest has anew"
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_path_has_its_cause() {
        for (from, cause) in [
            ("", "`from` is empty"),
            ("a\0b", "a zero byte is not allowed in a path"),
            ("~/data", "`~/data` begins with `~`, which is no home here"),
        ] {
            assert_eq!(check_from(from).unwrap_err().cause, cause, "{from}");
        }
        for (to, cause) in [
            ("", "`to` is empty"),
            ("srv", "`srv` is relative"),
            ("~/data", "`~/data` is relative"),
            ("/a\0", "a zero byte is not allowed in a path"),
            ("/srv/../etc", "`/srv/../etc` contains `..`"),
            ("/", "`/` is the root of the guest"),
            ("//.", "`//.` is the root of the guest"),
            (
                "/proc/x",
                "`/proc/x` is in `/proc`, which every guest has anew",
            ),
            ("/dev", "`/dev` is in `/dev`, which every guest has anew"),
        ] {
            assert_eq!(check_to(to).unwrap_err().cause, cause, "{to}");
        }
        for from in ["a", "../a b", "/srv/x", "a/~b"] {
            assert!(check_from(from).is_ok(), "{from}");
        }
        for to in ["/srv", "/srv/data/", "/device/x", "/a..b"] {
            assert!(check_to(to).is_ok(), "{to}");
        }
    }
}
