//! Whether guests get enough ids, and whether those ids belong to them alone. Reads what
//! `/etc/subuid`, `/etc/subgid` and `/etc/passwd` say; changes nothing.

use super::free_ids::name_of;
use super::idmaps::{IdMaps, ROOT_BASE, ROOT_COUNT, Source};
use std::fs;

/// How many ids a guest of an ordinary user should have besides root's: enough for `nobody` and for
/// all ids that distributions assign.
const WANTED: u32 = 65_535;

/// A range of the host's ids.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: u64,
    count: u64,
}

impl Range {
    fn end(self) -> u64 {
        self.first.saturating_add(self.count)
    }

    fn overlaps(self, other: Self) -> bool {
        self.first < other.end() && other.first < self.end()
    }
}

/// Returns doubts about the ids of guests that can be mapped: as text, and whether somebody else
/// uses them, too.
#[must_use]
pub fn doubts(maps: &IdMaps) -> Vec<(String, bool)> {
    let user = rustix::process::getuid().as_raw();
    let name = name_of(user);
    let owners = [name, Some(user.to_string())];
    let (users, groups, wanted) = match maps.source {
        Source::Root => ((ROOT_BASE, ROOT_COUNT), (ROOT_BASE, ROOT_COUNT), 0),
        Source::Subordinate { users, groups } => (users, groups, WANTED),
        Source::Single(_) => return Vec::new(),
    };
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let places = [
        ("/etc/subuid", users, "/etc/passwd", "user"),
        ("/etc/subgid", groups, "/etc/group", "group"),
    ];
    let mut found = Vec::new();
    for (file, (first, count), known, noun) in places {
        if count < wanted {
            let few =
                format!("{file} assigns this user {count} ids, but a guest should have {wanted}");
            found.push((few, false));
        }
        let mine = Range {
            first: first.into(),
            // An ordinary user's guests get no more than this.
            count: if wanted == 0 {
                count
            } else {
                count.min(wanted)
            }
            .into(),
        };
        let others = given_out(&read(file), &owners);
        if let Some((owner, other)) = others.iter().find(|(_, other)| other.overlaps(mine)) {
            let last = other.end() - 1;
            let both = format!(
                "{file} assigns {owner} the ids {}-{last}, which overlap with those of guests",
                other.first
            );
            found.push((both, true));
        }
        if let Some((name, id)) = known_in(&read(known), mine) {
            let both = format!("{noun} {name} of this host has the id {id}, which guests also use");
            found.push((both, true));
        }
    }
    found
}

/// Returns the ranges of others.
fn given_out(text: &str, owners: &[Option<String>]) -> Vec<(String, Range)> {
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let owner = fields.next()?.to_owned();
            let (first, count) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let is_mine = owners.contains(&Some(owner.clone()));
            (!is_mine && count > 0).then_some((owner, Range { first, count }))
        })
        .collect()
}

/// Returns the first user or group with an id in a range.
fn known_in(text: &str, range: Range) -> Option<(String, u64)> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?.parse().ok()?);
        let one = Range {
            first: id,
            count: 1,
        };
        range.overlaps(one).then(|| (name.to_owned(), id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_others_that_share_an_id_are_found_and_those_beside_are_not() {
        let mine = Range {
            first: 165_536,
            count: 65_536,
        };
        let owners = [Some("ann".to_owned()), Some("1000".to_owned())];
        for (text, owner) in [
            ("ann:165536:65536\nbob:100000:65536\n", None),
            ("1000:165536:65536\nbob:231072:65536\n", None),
            ("bob:231071:1\n", Some("bob")),
            ("bob:100000:65537\n", Some("bob")),
            ("bob:1:4294967295\n", Some("bob")),
            ("bob:165536:0\nbroken\n:\n", None),
        ] {
            let given = given_out(text, &owners);
            let found = given.iter().find(|(_, other)| other.overlaps(mine));
            assert_eq!(found.map(|(owner, _)| owner.as_str()), owner, "{text}");
        }
        let users = "root:x:0:0::/:\nann:x:1000:1000::/:\nbob:x:200000:1::/:\n";
        assert_eq!(known_in(users, mine), Some(("bob".to_owned(), 200_000)));
        let users = "root:x:0:0::/:\nbob:x:231072:1::/:\n";
        assert_eq!(known_in(users, mine), None);
    }
}
