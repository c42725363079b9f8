//! The ids of a node: which of its lab's user namespace it gets, and how the kernel is told.

use super::messages::Ids;
use rustix::process::Pid;
use std::fs;
use std::io::{self, ErrorKind};

/// Maps the ids of a process that waits in a new user namespace below this one.
pub(super) fn map(process: Pid, ids: Ids) -> io::Result<()> {
    for file in ["uid_map", "gid_map"] {
        let own = fs::read_to_string(format!("/proc/self/{file}"))?;
        let map = lines(&own, ids).ok_or(ErrorKind::InvalidData)?;
        fs::write(format!("/proc/{process}/{file}"), map)?;
    }
    Ok(())
}

/// Returns the lines of a map, given those of this process's own.
fn lines(own: &str, ids: Ids) -> Option<String> {
    match ids {
        Ids::Range { first, count } => Some(format!("0 {first} {count}\n")),
        Ids::All => own
            .lines()
            .map(|line| {
                let mut fields = line.split_whitespace();
                let (inside, _, count) = (fields.next()?, fields.next()?, fields.next()?);
                Some(format!("{inside} {inside} {count}\n"))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_gets_all_ids_as_themselves_or_a_range_of_its_own() {
        let own = "         0       1000          1\n         1     100000      65535\n";
        let all = lines(own, Ids::All);
        assert_eq!(all.as_deref(), Some("0 0 1\n1 1 65535\n"));
        let range = Ids::Range {
            first: 65_537,
            count: 65_536,
        };
        assert_eq!(lines(own, range).as_deref(), Some("0 65537 65536\n"));
        assert_eq!(lines("0 1", Ids::All), None);
    }
}
