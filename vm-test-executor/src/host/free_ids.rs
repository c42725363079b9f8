//! Unassigned ids, for a user who has no subordinate ids. Knows `/etc/subuid` and `/etc/passwd`.

use rustix::process::getuid;
use std::fs;

/// How many ids a guest has.
pub(super) const COUNT: u32 = 65_536;

/// The lowest id that distributions assign as a subordinate id.
const FIRST_SUBORDINATE: u64 = 100_000;

/// Returns the hint for a user without ids.
///
/// It suggests an unused range: two users of the same range would own each other's guests.
#[must_use]
pub fn ids_hint() -> String {
    let ranges =
        ["/etc/subuid", "/etc/subgid"].map(|file| fs::read_to_string(file).unwrap_or_default());
    let user = name_of(getuid().as_raw()).unwrap_or_else(|| "USER".to_owned());
    let range = match first_free(&ranges.concat()) {
        Some(first) => format!("{first}-{}", first + u64::from(COUNT) - 1),
        None => "FIRST-LAST".to_owned(),
    };
    format!("as root: usermod --add-subuids {range} --add-subgids {range} {user}")
}

/// Returns the first id of a gap between the assigned ranges, or after them, that is large enough
/// for a guest's ids.
fn first_free(ranges: &str) -> Option<u64> {
    let mut taken: Vec<(u64, u64)> = ranges
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split(':').skip(1).map(|number| number.trim().parse());
            let (first, count): (u64, u64) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            Some((first, first.saturating_add(count)))
        })
        .collect();
    taken.sort_unstable();
    let mut free = FIRST_SUBORDINATE;
    for (first, end) in taken {
        if free.saturating_add(COUNT.into()) <= first {
            break;
        }
        free = free.max(end);
    }
    // The highest value is not an id: system calls use it for "no id".
    (free.saturating_add(COUNT.into()) <= u64::from(u32::MAX)).then_some(free)
}

/// Returns the name of a user of this host.
pub(super) fn name_of(user: u32) -> Option<String> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    });
    found.or_else(|| std::env::var("USER").ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_that_is_recommended_is_nobodys() {
        for (ranges, first) in [
            ("", Some(100_000)),
            ("a:10:5\nbroken\n", Some(100_000)),
            ("b:165536:65536\na:100000:65536\n", Some(231_072)),
            ("a:100000:65536\nb:300000:65536\n", Some(165_536)),
            ("a:100000:65536\nb:200000:65536\n", Some(265_536)),
            ("all:2147483647:2147483648\n", Some(100_000)),
            ("a:100000:4294867195\n", None),
            ("a:18446744073709551615:1\nb:1:18446744073709551615\n", None),
        ] {
            assert_eq!(first_free(ranges), first, "{ranges}");
        }
    }
}
