//! The ancestors of this process, as `/proc` shows them. Only reads.

use crate::process_file;

/// How many generations are followed.
const GENERATIONS: usize = 16;

/// A process, as `/proc` shows it.
///
/// Its id may be reused later; together with its start time it is unique.
pub(super) struct Process {
    pub(super) id: u32,
    pub(super) name: String,
    parent: u32,
    /// In clock ticks since the boot of the host.
    pub(super) start: u64,
}

impl Process {
    fn of(id: u32) -> Option<Self> {
        let text = process_file::text(id, "stat").ok()?;
        // The name, in parentheses, may contain any character.
        let (begin, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ').skip(1);
        Some(Self {
            id,
            name: begin.split_once(" (")?.1.to_owned(),
            parent: fields.next()?.parse().ok()?,
            start: fields.nth(17)?.parse().ok()?,
        })
    }
}

/// Returns this process, its parent, and so on. Each is looked up when the iterator reaches it.
pub(super) fn of_this_process() -> impl Iterator<Item = Process> {
    let own = Process::of(std::process::id());
    let generations = std::iter::successors(own, |child| Process::of(child.parent));
    generations.take(GENERATIONS)
}

/// Returns a process's name.
pub(super) fn name_of(id: u32) -> Option<String> {
    Process::of(id).map(|process| process.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_start_and_a_parent_with_one() {
        let lineage: Vec<_> = of_this_process().collect();
        assert_eq!(lineage[0].id, std::process::id());
        assert!(lineage[0].start > 0);
        assert_eq!(lineage[1].id, std::os::unix::process::parent_id());
    }
}
