//! What this user lacks to get the ids that a guest needs, and the hint. Knows no guest.

use super::free_ids::ids_hint;
use std::fs;
use vm_test_protocol::failure::Failure;

/// The hint if the programs are missing.
pub const INSTALL: &str =
    "install them: apt-get install uidmap (Debian, Ubuntu), dnf install shadow-utils (Fedora)";

/// The hint if no ids are available at all.
const OUTSIDE: &str = "run vm-test outside of it, as your ordinary user; in a container of docker or podman, as root of a container that the real root has started with --privileged";

/// What is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Subordinate ids, in these files.
    Ids(Vec<&'static str>),
    /// The programs that map them.
    Programs(Vec<&'static str>),
    /// This user is root of a user namespace only, which has no ids to assign.
    RealRoot,
}

impl Lack {
    /// Returns the cause as a clause.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Ids(files) => format!(
                "this user has no subordinate ids in {}",
                files.join(" and in ")
            ),
            Self::Programs(programs) => format!(
                "this user has subordinate ids, but {}, which maps them, is not in PATH",
                programs.join(" or ")
            ),
            Self::RealRoot => "you are root only in a user namespace (as in `unshare --map-root-user`, or in a rootless container), not on the host; guests are not supported here".to_owned(),
        }
    }

    /// Returns the remedy.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Ids(_) => ids_hint(),
            Self::Programs(_) => INSTALL.to_owned(),
            Self::RealRoot => OUTSIDE.to_owned(),
        }
    }

    /// Returns the failure to do something because of this.
    #[must_use]
    pub fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("{what}: {}", self.cause()))
            .hint(self.cure())
            .missing()
    }
}

/// Returns whether this namespace has all ids of the host, according to its map.
pub(super) fn has_all_ids() -> bool {
    // Without this file the kernel has no user namespaces.
    fs::read_to_string("/proc/self/uid_map").map_or(true, |map| is_whole(&map))
}

/// Returns whether a map is the identity.
fn is_whole(map: &str) -> bool {
    let mut fields = map.split_whitespace();
    fields.next() == Some("0") && fields.next() == Some("0") && fields.next() == Some("4294967295")
}

/// Returns those of the programs that are in no directory of `PATH`.
pub(super) fn missing_programs(programs: &[&'static str]) -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &str| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    };
    let mut missing = programs.to_vec();
    missing.retain(|program| !is_there(program));
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_nothing_else() {
        for (lack, cause, cure) in [
            (
                Lack::Ids(vec!["/etc/subgid"]),
                "this user has no subordinate ids in /etc/subgid",
                "as root: usermod --add-subuids ",
            ),
            (
                Lack::Programs(vec!["newuidmap"]),
                "this user has subordinate ids, but newuidmap, which maps them, is not in PATH",
                "install them: apt-get install uidmap",
            ),
            (
                Lack::RealRoot,
                "you are root only in a user namespace (as in `unshare --map-root-user`",
                "run vm-test outside of it",
            ),
        ] {
            let failure = lack.failure("cannot start guest `a`");
            assert!(failure.is_missing());
            let message = failure.message;
            assert!(
                message.starts_with(&format!("cannot start guest `a`: {cause}")),
                "{message}"
            );
            let hint = failure.hint.unwrap_or_default();
            assert!(hint.starts_with(cure), "{hint}");
            assert!(!hint.contains("doctor"), "{hint}");
        }
    }

    #[test]
    fn only_a_namespace_with_all_ids_has_some_to_give_away() {
        for (map, whole) in [
            ("         0          0 4294967295\n", true),
            ("         0       1000          1\n", false),
            ("0 1000 1\n1 100000 65536\n", false),
            ("0 100000 65536\n", false),
            ("", false),
        ] {
            assert_eq!(is_whole(map), whole, "{map:?}");
        }
    }
}
