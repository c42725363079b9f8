//! Checks of what this user may do on this host: namespaces, ids, limits.

use super::check::Check;
use crate::daemon::{
    IdMapSource, IdMaps, cgroup_availability, id_doubts, ids_hint, try_namespaces,
};

const NO_GUESTS: &str = "no guest can be started, and every test on a guest fails";

pub(super) fn namespaces() -> Check {
    let name = "namespaces";
    match try_namespaces(None) {
        Ok(()) => Check::pass(
            name,
            "user, mount, pid, network, IPC and host name: this user can make them, and mount in them",
        ),
        Err(failure) => Check::fail(name, failure)
            .consequence(NO_GUESTS)
            .hint("allow this user to create user namespaces, or run the tests as root"),
    }
}

pub(super) fn id_maps() -> Check {
    let name = "id maps";
    let maps = IdMaps::of_this_user();
    let fail = |failure| Check::fail(name, failure).consequence(NO_GUESTS);
    let finding = match &maps.source {
        IdMapSource::Root => "root: every instance has 65536 ids of its own".to_owned(),
        IdMapSource::Subordinate { users, .. } => format!(
            "root in a guest is this user, and the guest's other ids are {} subordinate ids from {} on",
            users.1, users.0
        ),
        IdMapSource::Single(lack) => {
            return fail(lack.failure("guests would have a single user"));
        }
    };
    match try_namespaces(Some(&maps)) {
        Ok(()) => doubtful(name, &id_doubts(&maps)).unwrap_or_else(|| Check::pass(name, finding)),
        Err(failure) => {
            fail(failure).hint("allow this user to create user namespaces with these ids")
        }
    }
}

/// Returns a warning about ids that are too few, or that not only guests use.
fn doubtful(name: &'static str, doubts: &[(String, bool)]) -> Option<Check> {
    let words: Vec<_> = doubts.iter().map(|(words, _)| words.as_str()).collect();
    let is_shared = doubts.iter().any(|(_, is_shared)| *is_shared);
    let consequence = if is_shared {
        "a process with such an id on the host, or in another user's guest, owns files and processes of guests"
    } else {
        "a guest has no users and groups above them: `nobody` is 65534, and files of such owners cannot exist there"
    };
    let warning = Check::warn(name, words.join("; ")).consequence(consequence);
    if words.is_empty() {
        None
    } else {
        Some(warning.hint(ids_hint()))
    }
}

pub(super) fn control_groups() -> Check {
    let name = "control groups";
    match cgroup_availability() {
        Ok(()) => Check::pass(
            name,
            "the kernel enforces the limits on memory and processes",
        ),
        Err(error) => Check::warn(name, format!("this user cannot make any: {error}"))
            .consequence(
                "the agent in each guest watches its memory, and ends the job that uses too much; \
                 the number of processes is limited for each user of a guest, and for all of them together \
                 only by Linux 6.14 and newer",
            )
            .hint(
                "tests need nothing else; if the kernel must enforce the limits, run them as root \
                 with the controllers memory and pids at /sys/fs/cgroup",
            ),
    }
}
