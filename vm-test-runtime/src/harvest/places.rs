//! Where on the host each kind of file goes. Reads the environment and how a program was built;
//! makes no file.

use super::instrumented::is_instrumented;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use vm_test_protocol::harvest::{ENV_PROFILE, Exports, Profiles, Wanted};
use vm_test_protocol::pattern::Pattern;

/// Where a job's files go. Files without a place are not requested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Coverage profiles.
    pub profiles: Option<ProfilePlace>,
    /// The directory of artifacts, which need not exist.
    pub artifacts: Option<PathBuf>,
    /// The root of the workspace, and which of its files come back.
    pub exports: Option<(PathBuf, Vec<Pattern>)>,
    /// Where incomplete files are written; if not set, beside their destinations.
    pub drafts: Option<PathBuf>,
}

/// Where coverage profiles go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfilePlace {
    /// The directory of this process's own profile.
    pub directory: PathBuf,
    /// The prefix of the profiles' names.
    pub prefix: &'static str,
    wanted: Profiles,
}

impl ProfilePlace {
    /// Returns the place for a job that runs this program: beside the profile that this process
    /// writes or would write.
    ///
    /// Only the host decides whether coverage is measured: otherwise a guest could have files made
    /// among the package's sources.
    #[must_use]
    pub fn for_program(program: &Path) -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let pattern = std::env::var_os(ENV_PROFILE).filter(|pattern| !pattern.is_empty());
        match pattern {
            Some(pattern) => Some(Self {
                directory: here.join(directory_of(&pattern)),
                prefix: "",
                wanted: Profiles::All {
                    continuous: has(&pattern, b'c'),
                },
            }),
            // Programs built for coverage write their profile here by default.
            None => is_instrumented(program).then_some(Self {
                directory: here,
                prefix: "default_",
                wanted: Profiles::All { continuous: false },
            }),
        }
    }
}

impl Places {
    /// Returns what the agent is asked for.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted {
            profiles: self
                .profiles
                .as_ref()
                .map_or(Profiles::None, |place| place.wanted),
            artifacts: self.artifacts.is_some(),
            exports: self.exports.as_ref().and_then(|(root, patterns)| {
                Some(Exports {
                    root: root.to_str()?.to_owned(),
                    patterns: patterns.clone(),
                })
            }),
            stay: false,
        }
    }
}

/// Returns the directory of drafts in a target directory, which is not made for them alone.
#[must_use]
pub fn drafts(target: &Path) -> Option<PathBuf> {
    target.is_dir().then(|| target.join("vm-test/drafts"))
}

/// Returns the placeholders of a pattern with their positions.
fn placeholders(pattern: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let next = at + pattern[at..].iter().position(|&byte| byte == b'%')?;
        at = (next + 2).min(pattern.len());
        Some((next, pattern.get(next + 1).copied().unwrap_or(b'%')))
    })
}

fn has(pattern: &OsString, placeholder: u8) -> bool {
    placeholders(pattern.as_bytes()).any(|(_, found)| found == placeholder)
}

/// Returns the directory of a pattern, as this process sees it.
fn directory_of(pattern: &OsString) -> PathBuf {
    let whole = PathBuf::from(pattern);
    let parent = whole.parent().unwrap_or(Path::new(""));
    let bytes = parent.as_os_str().as_bytes();
    let (mut directory, mut from) = (Vec::new(), 0);
    for (at, placeholder) in placeholders(bytes) {
        let value = match placeholder {
            b'p' => std::process::id().to_string().into_bytes(),
            b't' => std::env::var_os("TMPDIR").unwrap_or_default().into_vec(),
            b'h' => std::fs::read("/proc/sys/kernel/hostname")
                .unwrap_or_default()
                .trim_ascii()
                .to_vec(),
            _ => continue,
        };
        directory.extend(&bytes[from..at]);
        directory.extend(value);
        from = at + 2;
    }
    directory.extend(&bytes[from.min(bytes.len())..]);
    PathBuf::from(OsString::from_vec(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_measures_a_program_that_counts_nothing_unless_told_to() {
        let is_told = std::env::var_os(ENV_PROFILE).is_some_and(|pattern| !pattern.is_empty());
        let place = ProfilePlace::for_program(Path::new("/dev/null"));
        assert_eq!(place.is_some(), is_told);
    }

    #[test]
    fn the_directory_is_that_of_the_pattern() {
        let directory = |text: &str| directory_of(&text.into());
        assert_eq!(
            directory("/t/llvm-cov-target/x-%p-%2m.profraw"),
            Path::new("/t/llvm-cov-target")
        );
        assert_eq!(directory("x-%p.profraw"), Path::new(""));
        let pid = std::process::id();
        assert_eq!(
            directory("/a/%p/b%m/c"),
            PathBuf::from(format!("/a/{pid}/b%m"))
        );
    }

    #[test]
    fn continuous_mode_is_told_from_a_literal_percent_sign() {
        assert!(has(&"x-%p%c.profraw".into(), b'c'));
        assert!(!has(&"x-%%c.profraw".into(), b'c'));
        assert!(!has(&"100%".into(), b'c'));
    }
}
