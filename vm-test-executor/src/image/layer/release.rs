//! Releases of distributions that can be bootstrapped, and how their packages are verified. Opens
//! and starts nothing.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// A distribution with packages of Debian's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distribution {
    /// Debian.
    Debian,
    /// Ubuntu.
    Ubuntu,
}

/// A release of a distribution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The distribution.
    pub distribution: Distribution,
    /// The release's code name.
    pub suite: String,
    /// The file with the keys of those who sign its packages, if it is not the usual one.
    pub keyring: Option<PathBuf>,
}

impl Distribution {
    /// All of them.
    pub(in crate::image) const ALL: [Self; 2] = [Self::Debian, Self::Ubuntu];

    /// Returns the word for it in a recipe's base and in `os-release`.
    pub(in crate::image) fn word(self) -> &'static str {
        match self {
            Self::Debian => "debian",
            Self::Ubuntu => "ubuntu",
        }
    }

    /// Returns the distribution with this word.
    pub(in crate::image) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// Returns the code names of its releases that can be bootstrapped.
    pub(in crate::image) fn suites(self) -> &'static [&'static str] {
        match self {
            Self::Debian => &["bullseye", "bookworm", "trixie", "sid"],
            Self::Ubuntu => &["jammy", "noble"],
        }
    }

    /// Returns the release with this code name.
    ///
    /// # Errors
    /// If there is none.
    pub(in crate::image) fn release(self, suite: &str) -> Result<Release, Failure> {
        if !self.suites().contains(&suite) {
            return Err(Failure::new(format!(
                "there is no {self} release {suite:?} to start from"
            ))
            .hint(format!("the releases are {}", self.suites().join(", "))));
        }
        Ok(Release {
            distribution: self,
            suite: suite.to_owned(),
            keyring: None,
        })
    }

    /// Returns where the keys are on a host, and the package that has them.
    fn usual_keyring(self) -> (&'static str, &'static str) {
        match self {
            Self::Debian => (
                "/usr/share/keyrings/debian-archive-keyring.gpg",
                "debian-archive-keyring",
            ),
            Self::Ubuntu => (
                "/usr/share/keyrings/ubuntu-archive-keyring.gpg",
                "ubuntu-keyring",
            ),
        }
    }
}

impl Release {
    /// Returns the parts of its archive that an image may have packages from, if those are not the
    /// usual ones.
    pub(in crate::image) fn components(&self) -> Option<&'static str> {
        match self.distribution {
            Distribution::Debian => None,
            Distribution::Ubuntu => Some("main,universe"),
        }
    }

    /// Checks that the keys are there.
    ///
    /// # Errors
    /// If they are not.
    pub(in crate::image) fn check_keys(&self) -> Result<(), Failure> {
        let (usual, package) = self.distribution.usual_keyring();
        let file = self.keyring.as_deref().unwrap_or(Path::new(usual));
        if file.is_file() {
            return Ok(());
        }
        let failure = Failure::new(format!(
            "cannot bootstrap {self}: there is no {}, whose keys verify its packages",
            file.display()
        ));
        Err(match self.keyring {
            Some(_) => failure.hint("`keyring` in the recipe names the file, beside the recipe"),
            None => failure.hint(format!(
                "install the package {package}, or name such a file in the recipe: keyring = \"PATH\""
            )),
        })
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debian => "Debian",
            Self::Ubuntu => "Ubuntu",
        })
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.distribution, self.suite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_releases_that_are_known_can_be_bootstrapped() {
        let noble = Distribution::Ubuntu.release("noble").unwrap();
        assert_eq!(noble.to_string(), "Ubuntu noble");
        let error = Distribution::Ubuntu.release("bookworm").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no Ubuntu release \"bookworm\" to start from\nhint: the releases are jammy, noble"
        );
    }

    #[test]
    fn without_its_keys_a_release_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.gpg");
        let release = Release {
            keyring: Some(file.clone()),
            ..Distribution::Ubuntu.release("noble").unwrap()
        };
        assert_eq!(
            release.check_keys().unwrap_err().to_string(),
            format!(
                "cannot bootstrap Ubuntu noble: there is no {}, whose keys verify its packages\n\
                 hint: `keyring` in the recipe names the file, beside the recipe",
                file.display()
            )
        );
        std::fs::write(&file, "").unwrap();
        release.check_keys().unwrap();
    }
}
