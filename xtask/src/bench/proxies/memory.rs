//! What a program holds of memory before, between and after many exchanges.

use std::fs;

use anyhow::{Context, Result};

use super::crowd::{Crowd, SIZE};

/// How many exchanges are made until the second look, and until the third one.
const SOME: usize = 100_000;
const MANY: usize = 1_000_000;

/// What a program held, in KiB: resident, and its proportional share of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) resident: u64,
    pub(super) share: u64,
}

impl Held {
    /// Looks at a process.
    fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
            number.with_context(|| format!("cannot find {name} in {path}"))
        };
        Ok(Self {
            resident: number("Rss:")?,
            share: number("Pss:")?,
        })
    }
}

/// What a program held with all connections open: before, after some exchanges, and after many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) before: Held,
    pub(super) some: Held,
    pub(super) many: Held,
}

impl Course {
    /// Makes the exchanges, and looks at the program.
    pub(super) fn of(pid: u32, crowd: &mut Crowd) -> Result<Self> {
        let before = Held::of(pid)?;
        crowd.exchange(SOME / SIZE)?;
        let some = Held::of(pid)?;
        crowd.exchange((MANY - SOME) / SIZE)?;
        Ok(Self {
            before,
            some,
            many: Held::of(pid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory_that_grows_by_what_it_uses() {
        let before = Held::of(std::process::id()).unwrap();
        let used = std::hint::black_box(vec![1_u8; 32 << 20]);
        let after = Held::of(std::process::id()).unwrap();
        assert!(
            before.share > 0 && before.share <= before.resident,
            "{before:?}"
        );
        let course = Course {
            before,
            some: before,
            many: after,
        };
        let grown = course.many.resident.saturating_sub(course.some.resident);
        assert!(grown >= used.len() as u64 / 1024 / 2, "{course:?}");
    }
}
