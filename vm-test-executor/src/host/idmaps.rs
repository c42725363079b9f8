//! How a guest's ids map to the host's, and how the kernel is told. Knows `/etc/subuid` and
//! `newuidmap`.

use super::free_ids::{COUNT, ids_hint, name_of};
use super::lack::{INSTALL, Lack, has_all_ids, missing_programs};
use super::refusal;
use rustix::process::{Pid, getgid, getuid};
use std::fs;
use std::io;
use std::process::Command;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// The ranges of a real root's guests begin here; distributions assign subordinate ids from 100 000
/// upwards.
pub(super) const ROOT_BASE: u32 = 1 << 30;

/// How many such ranges there are before they are reused.
const ROOT_RANGES: u64 = 8_192;

/// How many ids these ranges have together.
pub(super) const ROOT_COUNT: u32 = COUNT * 8_192;

/// The first id of instances within a real root's lab.
const OF_INSTANCES: u32 = 1;

/// The programs that map ids for an ordinary user: for users and for groups.
const HELPERS: [&str; 2] = ["newuidmap", "newgidmap"];

/// Where the ids come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The real root: every instance has its own range.
    Root,
    /// An ordinary user with subordinate ids: root in the guest is the user, the others are
    /// subordinate.
    Subordinate {
        /// First id and count of the user ids.
        users: (u32, u32),
        /// First id and count of the group ids.
        groups: (u32, u32),
    },
    /// This user does not have enough ids. Root alone does not suffice: liblxc drops groups and
    /// assigns terminals to one.
    Single(Lack),
}

/// The id maps of one user.
#[derive(Clone, Debug)]
pub struct IdMaps {
    /// Where the ids come from.
    pub source: Source,
}

impl IdMaps {
    /// Returns the maps of the user who runs this process.
    #[must_use]
    pub fn of_this_user() -> Self {
        let user = getuid().as_raw();
        if user == 0 {
            let source = if has_all_ids() {
                Source::Root
            } else {
                Source::Single(Lack::RealRoot)
            };
            return Self { source };
        }
        let name = name_of(user);
        let users = subordinate("/etc/subuid", name.as_deref(), user);
        let groups = subordinate("/etc/subgid", name.as_deref(), user);
        let source = match (users, groups) {
            (Some(users), Some(groups)) => match missing_programs(&HELPERS) {
                missing if missing.is_empty() => Source::Subordinate { users, groups },
                missing => Source::Single(Lack::Programs(missing)),
            },
            (users, groups) => {
                let files = [("/etc/subuid", users), ("/etc/subgid", groups)];
                let lacking = files.iter().filter(|(_, range)| range.is_none());
                Source::Single(Lack::Ids(lacking.map(|(file, _)| *file).collect()))
            }
        };
        Self { source }
    }

    /// Checks whether they are enough for a guest.
    ///
    /// # Errors
    /// If they are not: what is missing.
    pub fn check(&self, what: &str) -> Result<(), Failure> {
        match &self.source {
            Source::Single(lack) => Err(lack.failure(what)),
            Source::Root | Source::Subordinate { .. } => Ok(()),
        }
    }

    /// Returns the host's user id of root in the instance with this number.
    #[must_use]
    pub fn root_of(&self, number: u64) -> u32 {
        match self.source {
            Source::Root => ROOT_BASE + u32::try_from(number % ROOT_RANGES).unwrap_or(0) * COUNT,
            Source::Subordinate { .. } | Source::Single(_) => getuid().as_raw(),
        }
    }

    /// Writes the maps of a process that waits in its new user namespace. `number` is the
    /// instance's.
    ///
    /// # Errors
    /// If the kernel or the helpers refuse them.
    pub fn write(&self, pid: Pid, number: u64) -> Result<(), Failure> {
        match &self.source {
            Source::Root => {
                let base = self.root_of(number);
                let line = format!("0 {base} {COUNT}");
                write_file(pid, "uid_map", &line)?;
                write_file(pid, "gid_map", &line)
            }
            Source::Subordinate { users, groups } => {
                // Both helpers run at the same time, since a test waits.
                let maps = [
                    (HELPERS[0], getuid().as_raw(), *users),
                    (HELPERS[1], getgid().as_raw(), *groups),
                ];
                let children = maps.map(|(program, own, (begin, count))| {
                    let count = count.min(COUNT - 1);
                    let child = Command::new(program)
                        .arg(pid.to_string())
                        .args(["0", &own.to_string(), "1"])
                        .args(["1", &begin.to_string(), &count.to_string()])
                        .stderr(std::process::Stdio::piped())
                        .spawn();
                    (program, child)
                });
                for (program, child) in children {
                    run_helper(program, child)?;
                }
                Ok(())
            }
            Source::Single(lack) => Err(lack.failure("cannot map ids")),
        }
    }

    /// Returns whether a file of this user and group of the host has an owner in guests. That of `nobody`
    /// cannot be told there from one that has none.
    #[must_use]
    pub fn are_mapped(&self, user: u32, group: u32) -> bool {
        const NOBODY: u32 = 65_534;
        let within = |id: u32, (begin, count): (u32, u32)| {
            id.checked_sub(begin)
                .is_some_and(|at| at < count.min(COUNT - 1))
        };
        if user == NOBODY || group == NOBODY {
            return false;
        }
        match self.source {
            Source::Root => user < COUNT && group < COUNT,
            Source::Subordinate { users, groups } => {
                (user == getuid().as_raw() || within(user, users))
                    && (group == getgid().as_raw() || within(group, groups))
            }
            Source::Single(_) => false,
        }
    }

    /// Returns how many user ids and group ids a namespace with these maps has, if the namespaces
    /// within one can have all of them: those of an ordinary user's instances are mapped once, by the
    /// helpers, and then only passed on.
    #[must_use]
    pub fn passed_on(&self) -> Option<(u32, u32)> {
        match self.source {
            Source::Subordinate { users, groups } => {
                Some((users.1.min(COUNT - 1) + 1, groups.1.min(COUNT - 1) + 1))
            }
            Source::Root | Source::Single(_) => None,
        }
    }

    /// Writes the maps of the keeper of a lab, which maps those of the lab's nodes.
    ///
    /// A real root's lab has the ids of all instances, and one of its own as root.
    ///
    /// # Errors
    /// If the kernel or the helpers refuse them.
    pub fn write_for_lab(&self, pid: Pid) -> Result<(), Failure> {
        if self.source != Source::Root {
            return self.write(pid, 0);
        }
        let own = ROOT_BASE + ROOT_COUNT;
        let lines = format!("0 {own} 1\n{OF_INSTANCES} {ROOT_BASE} {ROOT_COUNT}\n");
        write_file(pid, "uid_map", &lines)?;
        write_file(pid, "gid_map", &lines)
    }

    /// Returns the ids, within a lab, of the instance with this number: the first one and how many,
    /// or `None` if it has all of the lab's.
    #[must_use]
    pub fn within_lab(&self, number: u64) -> Option<(u32, u32)> {
        let first = || OF_INSTANCES + (self.root_of(number) - ROOT_BASE);
        (self.source == Source::Root).then(|| (first(), COUNT))
    }

    /// Writes maps with root alone, which needs neither helpers nor subordinate ids.
    ///
    /// Enough for a trial, not for a guest.
    ///
    /// # Errors
    /// If the kernel refuses them.
    pub fn write_root(&self, pid: Pid) -> Result<(), Failure> {
        let user = self.root_of(0);
        let group = match self.source {
            Source::Root => user,
            Source::Subordinate { .. } | Source::Single(_) => getgid().as_raw(),
        };
        write_file(pid, "setgroups", "deny")?;
        write_file(pid, "uid_map", &format!("0 {user} 1"))?;
        write_file(pid, "gid_map", &format!("0 {group} 1"))
    }
}

fn run_helper(program: &str, child: io::Result<std::process::Child>) -> Result<(), Failure> {
    let cannot =
        |cause: &str| Failure::new(format!("cannot map ids with {program}: {}", cause.trim()));
    let output = child
        .and_then(std::process::Child::wait_with_output)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => cannot("it is not in PATH").hint(INSTALL),
            _ => cannot(&error.to_string()).because(Tried::Process, &error),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(cannot(&format!("{} ({})", words.trim(), output.status)).hint(helper_cure(program, &words)))
}

/// Returns a hint for a helper's error message.
fn helper_cure(program: &str, words: &str) -> String {
    if words.contains("Operation not permitted") {
        format!(
            "{program} needs its capability or its set-user-id bit: reinstall uidmap, and run the tests where \
             neither nosuid nor no_new_privs (a container's no-new-privileges) takes it away"
        )
    } else {
        ids_hint()
    }
}

fn write_file(pid: Pid, name: &str, line: &str) -> Result<(), Failure> {
    fs::write(format!("/proc/{pid}/{name}"), line).map_err(|error| {
        let failure = Failure::new(format!("cannot write {name} of a guest: {error}"));
        refusal::in_namespaces(failure, &error)
    })
}

/// Returns the largest range that a file assigns to a user.
fn subordinate(file: &str, name: Option<&str>, user: u32) -> Option<(u32, u32)> {
    largest(&fs::read_to_string(file).ok()?, name, user)
}

fn largest(text: &str, name: Option<&str>, user: u32) -> Option<(u32, u32)> {
    let user = user.to_string();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let owner = fields.next()?;
            let begin = fields.next()?.parse().ok()?;
            let count = fields.next()?.parse().ok()?;
            (Some(owner) == name || owner == user).then_some((begin, count))
        })
        .max_by_key(|&(_, count): &(u32, u32)| count)
        .filter(|&(_, count)| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_range_of_the_user_by_name_or_number_counts() {
        let text = "ann:100000:65536\nbob:1:2\n1000:200000:70000\nbroken\n";
        assert_eq!(largest(text, Some("ann"), 5), Some((100_000, 65_536)));
        assert_eq!(largest(text, Some("ann"), 1000), Some((200_000, 70_000)));
        assert_eq!(largest(text, None, 7), None);
    }

    #[test]
    fn a_file_has_an_owner_in_guests_if_both_of_its_ids_are_mapped_there() {
        let root = IdMaps {
            source: Source::Root,
        };
        for (user, group, expected) in [
            (0, 0, true),
            (65_535, 1, true),
            (65_534, 0, false),
            (65_536, 0, false),
            (0, 65_536, false),
        ] {
            assert_eq!(root.are_mapped(user, group), expected, "{user} {group}");
        }
        let (user, group) = (getuid().as_raw(), getgid().as_raw());
        let users = (200_000, 10);
        let ordinary = IdMaps {
            source: Source::Subordinate {
                users,
                groups: (300_000, 10),
            },
        };
        for (user, group, expected) in [
            (user, group, true),
            (200_009, 300_000, true),
            (200_010, group, false),
            (199_999, group, false),
            (user, 200_000, false),
        ] {
            assert_eq!(ordinary.are_mapped(user, group), expected, "{user} {group}");
        }
    }

    #[test]
    fn an_instance_in_a_real_roots_lab_has_the_ids_that_it_has_elsewhere() {
        let maps = IdMaps {
            source: Source::Root,
        };
        for number in [0, 1, ROOT_RANGES - 1, ROOT_RANGES + 2] {
            let (first, count) = maps.within_lab(number).unwrap();
            assert_eq!(first - OF_INSTANCES + ROOT_BASE, maps.root_of(number));
            assert_eq!(count, COUNT);
        }
    }

    #[test]
    fn a_helper_that_may_not_and_a_range_that_is_not_the_users_have_their_own_cures() {
        let words = "newuidmap: write to uid_map failed: Operation not permitted";
        assert!(helper_cure("newuidmap", words).contains("set-user-id bit"));
        let words = "newuidmap: uid range [1-65536) -> [100000-165535) not allowed";
        assert!(helper_cure("newuidmap", words).contains("usermod --add-subuids"));
    }
}
