//! The forms of text settings: names, packages, variables, patterns, paths, devices.
//!
//! Checks their syntax, not whether what they name exists.

use crate::forward::Forward;
use crate::pattern::{self, PatternError};
use crate::word::enumerate;

pub use crate::refusal::Refusal;

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The name of a guest or an image.
    Name,
    /// A kernel: a path, or the name of a Debian package.
    Kernel,
    /// The name of an environment variable.
    Variable,
    /// A pattern for workspace files.
    Pattern,
    /// An absolute path, or one that begins with `~`.
    Path,
    /// One of the [`DEVICES`].
    Device,
    /// The name of a kernel module.
    Module,
    /// A port of the guest, and where the host has it.
    Forward,
}

/// The device files, and groups of device files, that a guest can be given.
pub const DEVICES: [&str; 3] = ["/dev/net/tun", "/dev/fuse", "loop"];

/// The maximum length of a name.
///
/// Names become directory names, host names and keys of `vm-test.toml`; 63 is the smallest of their
/// limits.
pub const LONGEST_NAME: usize = 63;

impl Form {
    /// Returns the noun for such a text, in the plural where the setting is a list.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kernel => "package or a path",
            Self::Variable | Self::Module => "names",
            Self::Pattern => "patterns",
            Self::Path => "paths",
            Self::Device => "words",
            Self::Forward => "ports",
        }
    }

    /// Checks a text.
    ///
    /// # Errors
    /// If it is not of this form.
    pub fn check(self, text: &str) -> Result<(), Refusal> {
        match self {
            Self::Name => check_name(text),
            Self::Kernel => check_kernel(text),
            Self::Variable => check_variable(text),
            Self::Pattern => check_pattern(text),
            Self::Path => check_path(text),
            Self::Device => check_device(text),
            Self::Module => check_module(text),
            Self::Forward => Forward::read(text).map(|_| ()),
        }
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    const HINT: &str =
        "use 1 to 63 ASCII letters, digits, `.`, `_` and `-`, starting with a letter or a digit";
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let refuse = |cause: String| Err(Refusal::new(cause, HINT));
    if name.is_empty() {
        refuse("the name is empty".to_owned())
    } else if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
        refuse(format!(
            "`{}` is not allowed in a name",
            wrong.escape_debug()
        ))
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        refuse(format!("the name starts with `{}`", &name[..1]))
    } else if name.len() > LONGEST_NAME {
        refuse(format!("the name is {} characters long", name.len()))
    } else {
        Ok(())
    }
}

fn check_kernel(text: &str) -> Result<(), Refusal> {
    const HINT: &str = "a kernel is a package, as in `\"linux-image-amd64\"`, or a path, as in `\"build/boot/vmlinuz-6.12\"`";
    let refuse = |cause: String| Err(Refusal::new(cause, HINT));
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    if text.is_empty() {
        refuse("the kernel is empty".to_owned())
    } else if text.contains('\0') {
        refuse("a zero byte is not allowed in a path".to_owned())
    } else if text.contains('/') {
        Ok(())
    } else if let Some(wrong) = text.chars().find(|&c| !plain(c)) {
        refuse(format!(
            "`{}` is not allowed in the name of a package",
            wrong.escape_debug()
        ))
    } else if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        refuse(format!(
            "the name of the package starts with `{}`",
            &text[..1]
        ))
    } else {
        Ok(())
    }
}

fn check_variable(name: &str) -> Result<(), Refusal> {
    const HINT: &str =
        "a variable's name has ASCII letters, digits and `_`, and does not start with a digit";
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let refuse = |cause: String| Err(Refusal::new(cause, HINT));
    if name.is_empty() {
        return refuse("the name of a variable is empty".to_owned());
    }
    if let Some((variable, _)) = name.split_once('=') {
        return Err(Refusal::new(
            format!("`{}` gives a variable a value", name.escape_debug()),
            format!(
                "name the variable only, as in `{variable:?}`: its value is taken from the host"
            ),
        ));
    }
    if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
        return refuse(format!(
            "`{}` is not allowed in the name of a variable",
            wrong.escape_debug()
        ));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return refuse(format!("`{name}` starts with a digit"));
    }
    Ok(())
}

fn check_pattern(text: &str) -> Result<(), Refusal> {
    let shown = text.escape_debug();
    let cause = match pattern::check(text) {
        Ok(()) => return Ok(()),
        Err(
            PatternError::Empty
            | PatternError::Absolute
            | PatternError::NoName
            | PatternError::Dots,
        ) => {
            format!("`{shown}` leads out of the workspace or nowhere")
        }
        Err(PatternError::Git) => format!("`{shown}` is below `.git`, where nothing is written"),
        Err(PatternError::Glued) => format!("`{shown}` has `**` beside other characters"),
        Err(PatternError::Long | PatternError::Character) => {
            format!("`{shown}` has a backslash or a control character, or is longer than 400 bytes")
        }
    };
    Err(Refusal::new(
        cause,
        "write paths from the workspace's root, with `*` within a name and `**` for directories, as in \
         `\"**/*.snap.new\"`",
    ))
}

fn check_path(text: &str) -> Result<(), Refusal> {
    if text.starts_with('/') || text == "~" || text.starts_with("~/") {
        return Ok(());
    }
    Err(Refusal::new(
        format!("`{}` is relative", text.escape_debug()),
        "write a path that begins with `~/` or `/`",
    ))
}

fn check_device(text: &str) -> Result<(), Refusal> {
    if DEVICES.contains(&text) {
        return Ok(());
    }
    let devices = DEVICES.map(|device| format!("{device:?}"));
    let devices = enumerate(devices.iter().map(String::as_str), "`", "and");
    Err(Refusal::new(
        format!("there is no device `{}`", text.escape_debug()),
        format!("the devices are {devices}"),
    ))
}

fn check_module(name: &str) -> Result<(), Refusal> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_name = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(allowed);
    if is_name && !name.starts_with('-') {
        return Ok(());
    }
    Err(Refusal::new(
        format!("`{}` is not the name of a module", name.escape_debug()),
        "write it as `modprobe` takes it, with ASCII letters, digits, `_` and `-`, as in `\"8021q\"`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rule() {
        for good in [
            "host",
            "worker-1",
            "debian-12",
            "a",
            "9p",
            "A.b_c-d",
            &"x".repeat(63),
        ] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("", "the name is empty"),
            ("-a", "the name starts with `-`"),
            (".hidden", "the name starts with `.`"),
            ("a b", "` ` is not allowed in a name"),
            ("../etc", "`/` is not allowed in a name"),
            ("wörker", "`ö` is not allowed in a name"),
            ("a\n", "`\\n` is not allowed in a name"),
            (&"x".repeat(64), "the name is 64 characters long"),
        ] {
            assert_eq!(check_name(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn every_wrong_pattern_has_its_cause() {
        assert_eq!(check_pattern("**/*.snap.new"), Ok(()));
        for (bad, cause) in [
            ("../a", "`../a` leads out of the workspace or nowhere"),
            ("", "`` leads out of the workspace or nowhere"),
            (
                ".git/a",
                "`.git/a` is below `.git`, where nothing is written",
            ),
            ("a**", "`a**` has `**` beside other characters"),
            (
                "a\nb",
                "`a\\nb` has a backslash or a control character, or is longer than 400 bytes",
            ),
        ] {
            assert_eq!(check_pattern(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn variables_follow_the_rule() {
        for good in ["A", "_", "DATABASE_URL", "a1"] {
            assert_eq!(check_variable(good), Ok(()), "{good}");
        }
        for (bad, cause) in [
            ("", "the name of a variable is empty"),
            ("1A", "`1A` starts with a digit"),
            ("A-B", "`-` is not allowed in the name of a variable"),
            ("A=1", "`A=1` gives a variable a value"),
        ] {
            assert_eq!(check_variable(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn modules_follow_the_rule() {
        for good in ["dummy", "8021q", "sch_netem", "nf-conntrack"] {
            assert_eq!(check_module(good), Ok(()), "{good}");
        }
        for bad in ["", "-r", "dummy.ko", "/lib/dummy", "a b", &"x".repeat(64)] {
            let cause = format!("`{bad}` is not the name of a module");
            assert_eq!(check_module(bad).unwrap_err().cause, cause, "{bad}");
        }
    }

    #[test]
    fn a_path_to_expose_says_where_it_begins() {
        for path in ["~", "~/.ssh", "/srv/keys"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in ["", ".ssh", "~user/.ssh", "$HOME/.ssh"] {
            let refusal = check_path(path).unwrap_err();
            assert_eq!(refusal.cause, format!("`{path}` is relative"));
        }
    }
}
